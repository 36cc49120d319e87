/** Days of UTC, in seconds and as they are written. */
export const daySeconds = 86_400
export const startOfDay = (at: number): number => at - (at % daySeconds)
export const dayOf = (at: number): string => new Date(at * 1000).toISOString().slice(0, 10)
