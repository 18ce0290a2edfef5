/** One listener a signal, however many calls follow it: Node takes more than ten for a leak. */

interface Followers {
  callbacks: Set<() => void>
  listener: () => void
}

const followers = new WeakMap<AbortSignal, Followers>()

function followersOf(signal: AbortSignal): Followers {
  const known = followers.get(signal)
  if (known) return known
  const callbacks = new Set<() => void>()
  const listener = () => {
    for (const callback of callbacks) callback()
  }
  const made = { callbacks, listener }
  followers.set(signal, made)
  signal.addEventListener('abort', listener, { once: true })
  return made
}

/**
 * Calls `callback` when the signal fires, at once where it has fired.
 * @returns ends it; to be called when the work is over
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (!signal) return () => {}
  if (signal.aborted) {
    callback()
    return () => {}
  }
  const { callbacks, listener } = followersOf(signal)
  const own = () => callback()
  callbacks.add(own)
  return () => {
    callbacks.delete(own)
    if (callbacks.size > 0) return
    signal.removeEventListener('abort', listener)
    followers.delete(signal)
  }
}

/** `promise`, or the signal's reason as soon as it fires. */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const ignore = onAbort(signal, () => reject(signal.reason))
    promise.then(resolve, reject).finally(ignore)
  })
}
