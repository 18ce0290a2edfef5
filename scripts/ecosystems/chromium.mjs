// A page in headless Chromium, driven by the DevTools protocol over a pipe: messages of JSON, a zero byte behind each.
import { spawn, spawnSync } from 'node:child_process'

const START_MILLISECONDS = 60_000

/** The command that starts a Chromium, or undefined. */
export const findChromium = () =>
  [process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome']
    .filter(Boolean)
    .find((command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0)

class Connection {
  #last = 0
  #waiting = new Map()
  #text = ''

  constructor(child) {
    this.child = child
    this.events = []
    child.stdio[4].setEncoding('utf8').on('data', (text) => this.#take(text))
    child.once('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`Chromium ended with ${code}`))
    })
  }

  #take(text) {
    const messages = (this.#text + text).split('\0')
    this.#text = messages.pop()
    for (const message of messages.map((part) => JSON.parse(part))) {
      const waiting = this.#waiting.get(message.id)
      this.#waiting.delete(message.id)
      if (!waiting) this.events.push(message)
      else if (message.error) waiting.reject(new Error(message.error.message))
      else waiting.resolve(message.result)
    }
  }

  send(method, params = {}, sessionId = undefined) {
    const id = ++this.#last
    this.child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
  }
}

/**
 * Opens an address and hands the page to `use`.
 * @param {string} profile an empty folder for what Chromium keeps
 */
export async function withPage(chromium, profile, address, use) {
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-pipe']
  const child = spawn(chromium, [...flags, `--user-data-dir=${profile}`], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  const connection = new Connection(child)
  try {
    const { targetId } = await connection.send('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await connection.send('Target.attachToTarget', { targetId, flatten: true })
    const send = (method, params) => connection.send(method, params, sessionId)
    for (const domain of ['Page', 'Runtime', 'Log']) await send(`${domain}.enable`)
    await send('Page.navigate', { url: address })
    const page = new Page(send, connection.events)
    await page.until("document.readyState === 'complete'", START_MILLISECONDS)
    return await use(page)
  } finally {
    await connection.send('Browser.close').catch(() => undefined)
    await ended
  }
}

class Page {
  #send
  #events

  constructor(send, events) {
    this.#send = send
    this.#events = events
  }

  /** The value of an expression; a promise is waited for. */
  async value(expression) {
    const { result, exceptionDetails } = await this.#send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })
    if (exceptionDetails)
      throw new Error(`${exceptionDetails.text} ${exceptionDetails.exception?.description}`)
    return result.value
  }

  /** Waits until an expression is true. */
  async until(expression, milliseconds) {
    const deadline = performance.now() + milliseconds
    while (!(await this.value(expression))) {
      if (performance.now() > deadline)
        throw new Error(`${expression} is not true after ${milliseconds} ms\n${this.errors().join('\n')}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** Drops files in the middle of what a selector finds, as a hand would. */
  async drop(selector, files) {
    const place = `(({ x, y, width, height }) => ({ x: x + width / 2, y: y + height / 2 }))(document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect())`
    const { x, y } = await this.value(place)
    const data = { items: [], files, dragOperationsMask: 1 }
    for (const type of ['dragEnter', 'dragOver', 'drop'])
      await this.#send('Input.dispatchDragEvent', { type, x, y, data })
  }

  /** What went wrong in the page so far, as its console has it. */
  errors() {
    return this.#events.flatMap(({ method, params }) => {
      if (method === 'Runtime.exceptionThrown')
        return params.exceptionDetails.exception?.description ?? params.exceptionDetails.text
      if (method === 'Log.entryAdded' && params.entry.level === 'error')
        return `${params.entry.text} ${params.entry.url ?? ''}`
      return []
    })
  }
}
