/** A row of a table of embeddings, whatever its format. */
export interface EmbeddingRow {
  /** the audio file */
  path: string
  /** where in the file the window starts, in seconds; absent for the mean of a whole track */
  time?: number
  /** [E] */
  embedding: Float32Array
}
