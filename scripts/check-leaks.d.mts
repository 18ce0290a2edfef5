export function leaksIn(text: string, own?: string[]): string[]
