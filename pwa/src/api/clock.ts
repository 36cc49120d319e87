/**
 * The server's time, as far as this device can know it. Expiry is always judged by it: a phone's own clock may be wrong.
 * What was learnt is kept, because a service worker that a push has woken has heard no answer yet.
 */
import { readSetting, writeSetting } from '../keys/settings.ts'

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
  if (Math.abs(measuredMs - offsetMs) < noiseMs) return
  offsetMs = Math.abs(measuredMs) < noiseMs ? 0 : measuredMs
  void writeSetting('clockOffsetMs', offsetMs === 0 ? null : String(offsetMs)).catch(
    () => undefined,
  )
}

export async function recallClock(): Promise<void> {
  const kept = Number((await readSetting('clockOffsetMs')) ?? 0)
  if (offsetMs === 0 && Number.isFinite(kept)) offsetMs = kept
}
