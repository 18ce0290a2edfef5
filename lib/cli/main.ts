#!/usr/bin/env node
import { run } from './run.js'

process.exitCode = await run(process.argv.slice(2))
// what is left open by then (an idle thread) must not keep the terminal
setTimeout(() => process.exit(), 1000).unref()
