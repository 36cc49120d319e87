/** Trying whether notifications reach a device: sent, taken by the push service, shown. */
import { type Device, call } from './call.ts'
import { text } from './screen.ts'

type Trial = { outcome: string | null; arrived_at: number | null }

const lookEveryMs = 1000
/** Longer nobody looks at the page. */
const patienceMs = 30_000

export async function tryDevice({ serial }: Device, said: HTMLElement): Promise<void> {
  const path = `/me/devices/${serial}/trial`
  await call('POST', path)
  said.textContent = text.trial.sent
  let last: Trial = { outcome: null, arrived_at: null }
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += lookEveryMs) {
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
    if (!said.isConnected) return
    last = (await call('GET', path)).value as Trial
    if (last.arrived_at !== null || isFinal(last.outcome)) break
  }
  said.textContent = wordsFor(last)
}

/** It is not tried again after these. */
const isFinal = (outcome: string | null): boolean =>
  outcome !== null && outcome !== 'delivered' && outcome !== 'retry' && outcome !== 'too_large'

function wordsFor({ outcome, arrived_at: arrivedAt }: Trial): string {
  const words = text.trial
  if (arrivedAt !== null) return words.arrived
  if (outcome === 'delivered') return words.taken
  if (outcome === 'gone') return words.gone
  return outcome === null || outcome === 'retry' ? words.notSent : words.refused
}
