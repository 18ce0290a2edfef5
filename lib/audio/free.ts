/** A decoder of WebAssembly. */
interface Freeable {
  ready: Promise<unknown>
  free(): void
}

/** Gives the memory of a decoder back; one that is still starting has none that could be. */
export function freeOnceReady(decoder: Freeable): void {
  decoder.ready.then(
    () => decoder.free(),
    () => {},
  )
}
