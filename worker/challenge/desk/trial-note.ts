/** How the last try of each device stands, for as long as somebody waits for it and a little more. */
import type { Desk } from './desk.ts'
import { type Lapsing, keepUntil, lapsing } from './lapsing.ts'
import { ofTrial, wake } from './wait.ts'

const keptSeconds = 600

export type Trial = Lapsing['trial']

/** Whoever waits for it looks again. */
export function keepTrial(desk: Desk, serial: string, trial: Trial): void {
  keepUntil(desk, 'trial', serial, trial, trial.at + keptSeconds)
  wake(desk, ofTrial(serial))
}

/** Call it after each attempt to send. */
export function noteTrial(desk: Desk, serial: string, id: string, outcome: string): void {
  const trial = lapsing(desk, 'trial', serial)
  if (trial?.id === id) keepTrial(desk, serial, { ...trial, outcome })
}
