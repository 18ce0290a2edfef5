export const FAULTS: Record<string, { module: string; find: string; replace: string; breaks: string }>
export function plantedEnvironment(fault: string): NodeJS.ProcessEnv
