declare module 'wav-decoder' {
  interface Decoded {
    numberOfChannels: number
    length: number
    sampleRate: number
    channelData: Float32Array[]
  }
  const wavDecoder: { decode: { sync(buffer: ArrayBuffer, options: { symmetric: boolean }): Decoded } }
  export default wavDecoder
}
