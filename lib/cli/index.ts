/**
 * Stage cli: the command line over the facade.
 * in: an argument list
 * out: results on stdout, progress on stderr, an exit code
 */
export { run } from './run.js'
