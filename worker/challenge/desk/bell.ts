/**
 * Whether a challenge may ring. Limits silence the bell, never the challenge: the person finds it by opening the app.
 * Requests after a verified first factor are counted apart, so that a stranger can neither wear a person down nor lock them out.
 */
import { unlimited } from '../../policy/settings.ts'
import type { Desk } from './desk.ts'
import { openTransactions } from './kept.ts'
import { keepUntil, lapsing } from './lapsing.ts'
import type { KeptSettings } from './settings.ts'
import { addMiss, forgive, quietUntil } from './waits.ts'

export type Ringing =
  | { ring: true }
  | { ring: false; untilAt: number; why: 'open_prompt' | 'quiet' | 'budget' }

export type Ringer = { firstFactor: boolean; application: string; client: string | null }

const hourSeconds = 3600
const person = (firstFactor: boolean): string => (firstFactor ? 'verified' : 'open')

function budgets(ringer: Ringer, settings: KeptSettings): { scope: string; perHour: number }[] {
  const base = person(ringer.firstFactor)
  const scopes = [
    {
      scope: `${base}/application/${ringer.application}`,
      perHour: settings.promptsPerHourByApplication,
    },
  ]
  if (ringer.client)
    scopes.push({
      scope: `${base}/client/${ringer.client}`,
      perHour: settings.promptsPerHourByClient,
    })
  return scopes.filter(({ perHour }) => perHour < unlimited)
}

export function mayRing(desk: Desk, ringer: Ringer, settings: KeptSettings, now: number): Ringing {
  const open = [...openTransactions(desk).values()].filter(
    ({ rung, state, answerableUntilAt, firstFactor }) =>
      rung && state === 'pending' && answerableUntilAt > now && firstFactor === ringer.firstFactor,
  )
  if (open.length >= settings.openPrompts) {
    const untilAt = Math.min(...open.map(({ answerableUntilAt }) => answerableUntilAt))
    return { ring: false, untilAt, why: 'open_prompt' }
  }

  const untilAt = quietUntil(desk, person(ringer.firstFactor), now)
  if (untilAt !== null) return { ring: false, untilAt, why: 'quiet' }

  for (const { scope, perHour } of budgets(ringer, settings)) {
    const oldest = ringsOf(desk, scope, now).at(-perHour)
    if (oldest !== undefined) return { ring: false, untilAt: oldest + hourSeconds, why: 'budget' }
  }
  return { ring: true }
}

/** When it rang within the last hour, the latest last. */
function ringsOf(desk: Desk, scope: string, now: number): number[] {
  return (lapsing(desk, 'ring', scope) ?? []).filter((at) => at > now - hourSeconds)
}

/** Notes that a challenge rang. */
export function rang(desk: Desk, ringer: Ringer, settings: KeptSettings, now: number): void {
  for (const { scope, perHour } of budgets(ringer, settings)) {
    // More than are counted need not be kept.
    const rings = [...ringsOf(desk, scope, now), now].slice(-perHour)
    keepUntil(desk, 'ring', scope, rings, now + hourSeconds)
  }
}

/** A prompt that rang was declined, answered wrongly, called off or left alone: after some in a row the bell waits, longer each time. */
export function missed(
  desk: Desk,
  firstFactor: boolean,
  settings: KeptSettings,
  now: number,
): void {
  const growth = {
    from: settings.missedPrompts,
    firstSeconds: settings.firstQuietSeconds,
    longestSeconds: settings.longestQuietSeconds,
    forgottenSeconds: settings.quietForgottenSeconds,
  }
  addMiss(desk, person(firstFactor), growth, now)
}

/** An approval shows that the person is there and meant it. */
export const approved = (desk: Desk, firstFactor: boolean): void =>
  forgive(desk, person(firstFactor))
