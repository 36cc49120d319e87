/**
 * Whether a challenge may ring. Limits silence the bell, never the challenge: the person finds it by opening the app.
 * Requests after a verified first factor are counted apart, so that a stranger can neither wear a person down nor lock them out.
 */
import type { Settings } from '../../policy/settings.ts'
import { type Desk, needStorage, rows } from './desk.ts'
import { setDue } from './due.ts'
import { addMiss, forgive, quietUntil } from './waits.ts'

export type Ringing =
  | { ring: true }
  | { ring: false; untilAt: number; why: 'open_prompt' | 'quiet' | 'budget' }

export type Ringer = { firstFactor: boolean; application: string; client: string | null }

const hourSeconds = 3600
const person = (firstFactor: boolean): string => (firstFactor ? 'verified' : 'open')

function budgets(ringer: Ringer, settings: Settings): { scope: string; perHour: number }[] {
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
  return scopes
}

export function mayRing(desk: Desk, ringer: Ringer, settings: Settings, now: number): Ringing {
  const open = rows<{ count: number; untilAt: number | null }>(
    desk,
    `select count(*) as count, min(answerableUntilAt) as untilAt from txn
     where rung = 1 and state = 'pending' and answerableUntilAt > ? and firstFactor = ?`,
    now,
    Number(ringer.firstFactor),
  )[0]
  if (open && open.count >= settings.openPrompts)
    return { ring: false, untilAt: open.untilAt ?? now, why: 'open_prompt' }

  const untilAt = quietUntil(desk, person(ringer.firstFactor), now)
  if (untilAt !== null) return { ring: false, untilAt, why: 'quiet' }

  for (const { scope, perHour } of budgets(ringer, settings)) {
    const rung = rows<{ at: number }>(
      desk,
      'select at from ring where scope = ? and at > ? order by at desc limit ?',
      scope,
      now - hourSeconds,
      perHour,
    )
    const oldest = rung[perHour - 1]
    if (oldest) return { ring: false, untilAt: oldest.at + hourSeconds, why: 'budget' }
  }
  return { ring: true }
}

/** Notes that a challenge rang. */
export function rang(desk: Desk, ringer: Ringer, settings: Settings, now: number): void {
  needStorage(desk)
  for (const { scope } of budgets(ringer, settings))
    desk.sql.exec('insert into ring (scope, at) values (?, ?)', scope, now)
  setDue(desk, 'limits', (now + hourSeconds) * 1000)
}

/** A prompt that rang was declined, answered wrongly, called off or left alone: after some in a row the bell waits, longer each time. */
export function missed(desk: Desk, firstFactor: boolean, settings: Settings, now: number): void {
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

/** Drops rings that no longer count, and sets when to look again. */
export function forgetRings(desk: Desk, now: number): void {
  rows(desk, 'delete from ring where at <= ?', now - hourSeconds)
  const [left] = rows<{ at: number | null }>(desk, 'select min(at) as at from ring')
  if (left?.at) setDue(desk, 'limits', (left.at + hourSeconds) * 1000)
}
