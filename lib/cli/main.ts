#!/usr/bin/env node
import { run } from './run.js'

const code = await run(process.argv.slice(2))
if (code !== 0) process.exitCode = code // a result that could not be written has set one before
// what is left open by then (an idle thread) must not keep the terminal
setTimeout(() => process.exit(), 1000).unref()
