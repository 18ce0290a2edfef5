// Preload of a process in which a promise is broken on purpose: CLMR_PLANT names the fault of faults.mjs.
import { register } from 'node:module'

register('./plant-hooks.mjs', import.meta.url)
