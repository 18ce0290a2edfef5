/**
 * Runs `body` with these variables, undefined ones unset. Key by key: a plain object in the place of process.env would
 * not reach worker threads and children.
 */
export async function withEnvironment<T>(
  values: Record<string, string | undefined>,
  body: () => Promise<T> | T,
): Promise<T> {
  const set = (all: Record<string, string | undefined>) => {
    for (const [key, value] of Object.entries(all))
      if (value === undefined) delete process.env[key]
      else process.env[key] = value
  }
  const before = { ...process.env }
  set(values)
  try {
    return await body()
  } finally {
    for (const key of Object.keys(process.env)) if (!(key in before)) delete process.env[key]
    set(before)
  }
}
