/** Randomness, handed to verbs as an argument so that a test can fix it. */
export type Random = (bytes: number) => Uint8Array<ArrayBuffer>

export const random: Random = (bytes) => crypto.getRandomValues(new Uint8Array(bytes))
