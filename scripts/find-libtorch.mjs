// Prints the folder of a libtorch with headers, for CMake. Needs the compiled facade (npm run build:ts).
import { findLibtorch } from '../dist/libtorch/find.js'

process.stdout.write(findLibtorch({ headers: true }).root)
