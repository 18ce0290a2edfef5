export const FAULTS: Record<
  string,
  { module: string; find: string; replace: string; breaks: string; seenAs: RegExp }
>
export function plantedEnvironment(fault: string): NodeJS.ProcessEnv
