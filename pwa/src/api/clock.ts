/** The server's time, as far as this device can know it. Expiry is always judged by it: a phone's own clock may be wrong. */

let offsetMs = 0

/** Below this the difference is the network's and the header's rounding, not the clock's. */
const noiseMs = 2000

export const serverNowMs = (): number => Date.now() + offsetMs
/** Epoch seconds. */
export const serverNow = (): number => Math.floor(serverNowMs() / 1000)

/** Learns from an answer's `Date` header, which names whole seconds, and from when the request left and the answer came. */
export function learnClock(
  dateHeader: string | null,
  sentAtMs: number,
  receivedAtMs: number,
): void {
  const serverMs = dateHeader === null ? Number.NaN : Date.parse(dateHeader)
  if (Number.isNaN(serverMs)) return
  const measuredMs = serverMs + 500 - (sentAtMs + receivedAtMs) / 2
  offsetMs = Math.abs(measuredMs) < noiseMs ? 0 : measuredMs
}
