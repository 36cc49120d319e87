/** Randomness, handed to verbs as an argument so that a test can fix it. */
export type Random = (bytes: number) => Uint8Array<ArrayBuffer>

/** A login asks for a few bytes ten times, and each call of the system costs more than they do. */
const pool = new Uint8Array(1024)
let used = pool.length

/** What is handed out is wiped here: no byte is given twice, and none stays behind. */
export const random: Random = (bytes) => {
  if (bytes > pool.length) return crypto.getRandomValues(new Uint8Array(bytes))
  if (used + bytes > pool.length) {
    crypto.getRandomValues(pool)
    used = 0
  }
  const given = pool.slice(used, used + bytes)
  pool.fill(0, used, used + bytes)
  used += bytes
  return given
}
