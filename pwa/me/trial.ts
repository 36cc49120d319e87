/** Trying whether notifications reach a device: sent, taken by the push service, shown. */
import { type Device, call } from './call.ts'
import { text } from './screen.ts'

type Trial = { outcome: string | null; arrived_at: number | null }

/** Longer nobody looks at the page. */
const patienceSeconds = 30

export async function tryDevice({ serial }: Device, said: HTMLElement): Promise<void> {
  const path = `/me/devices/${serial}/trial`
  await call('POST', path)
  said.textContent = text.trial.sent
  const { value } = await call('GET', `${path}?wait=${patienceSeconds}`)
  if (said.isConnected) said.textContent = wordsFor(value as Trial)
}

function wordsFor({ outcome, arrived_at: arrivedAt }: Trial): string {
  const words = text.trial
  if (arrivedAt !== null) return words.arrived
  if (outcome === 'delivered') return words.taken
  if (outcome === 'gone') return words.gone
  return outcome === null || outcome === 'retry' ? words.notSent : words.refused
}
