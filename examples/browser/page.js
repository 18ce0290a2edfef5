/** Takes the files that are dropped or chosen, one after the other, and shows what became of each. */
import { decode } from './decode.js'

const worker = new Worker('worker.js', { type: 'module' })
const drop = document.querySelector('#drop')
const results = document.querySelector('#results')

function embed(channels, rate) {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data.embedding))
    worker.onerror = ({ message }) => reject(new Error(message))
    worker.postMessage({ channels, rate })
  })
}

/** A link to the embedding of a file as JSON. */
function linkTo(name, embedding) {
  const link = document.createElement('a')
  link.download = `${name}.json`
  link.href = URL.createObjectURL(new Blob([JSON.stringify({ name, ...embedding })]))
  link.textContent = 'embedding'
  return link
}

async function show(file) {
  const item = document.createElement('li')
  results.append(item)
  item.append(`${file.name}: …`)
  try {
    const { channels, rate, resampledByBrowser } = await decode(file)
    const embedding = await embed(channels, rate)
    const note = resampledByBrowser ? ', resampled by the browser' : ''
    item.replaceChildren(`${file.name}: ${embedding.windows.length} windows${note} `)
    item.append(linkTo(file.name, embedding))
  } catch (error) {
    item.replaceChildren(`${file.name}: ${error.message}`)
  }
  item.classList.add('done')
}

let last = Promise.resolve()
const take = (files) => {
  for (const file of files) last = last.then(() => show(file))
}

addEventListener('dragover', (event) => event.preventDefault())
drop.addEventListener('dragenter', () => drop.classList.add('over'))
drop.addEventListener('dragleave', () => drop.classList.remove('over'))
addEventListener('drop', (event) => {
  event.preventDefault()
  drop.classList.remove('over')
  take(event.dataTransfer.files)
})
document.querySelector('#files').addEventListener('change', ({ target }) => take(target.files))
