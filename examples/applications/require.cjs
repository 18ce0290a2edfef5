/**
 * From CommonJS: `require` gives the same module as `import`.
 *
 *   npm install clmr
 *   node require.cjs <model or "random"> <audio file>
 */
const { Encoder } = require('clmr')

async function main([model, file]) {
  if (!model || !file) throw new Error('name a model and an audio file')
  const encoder = model === 'random' ? await Encoder.create() : await Encoder.load(model)
  try {
    const { windows, mean } = await encoder.encodeFile(file)
    console.log(`${file}: ${windows.rows} windows, ${mean.length} numbers, the first ${mean[0].toFixed(4)}`)
  } finally {
    encoder.dispose()
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message)
  process.exitCode = 1
})
