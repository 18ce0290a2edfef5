/** See native-program.mjs. */
export function withNativeProgram<T>(
  target: string,
  use: (program: string, environment: NodeJS.ProcessEnv) => T,
): T | undefined
