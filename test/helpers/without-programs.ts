/** Runs `use` with a PATH on which no program lies: as on a machine without ffmpeg. */
export async function withoutPrograms<T>(use: () => Promise<T>): Promise<T> {
  const path = process.env.PATH
  process.env.PATH = '/nowhere'
  try {
    return await use()
  } finally {
    process.env.PATH = path
  }
}
