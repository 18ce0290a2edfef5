export const FAULTS: Record<string, { module: string; find: string; replace: string; breaks: string }>
