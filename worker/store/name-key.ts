/** One key for every spelling of a name. */
export const nameKey = (name: string): string => name.normalize('NFC').toLowerCase()
