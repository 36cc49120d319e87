/** What the buttons of a question do: answer it, tidy up after it, and say what came of it. */
import { heed, accountOf } from '../device/accounts.ts'
import { closeNotifications } from '../device/notifications.ts'
import { signerOf } from '../keys/enrolments.ts'
import { type Decided, answer } from './answer.ts'
import { type Prompt, close } from './open.ts'

/** @returns null where it is over, or why the person has to try again. */
export async function decide(prompt: Prompt, decided: Decided): Promise<'offline' | 'refused' | null> {
  const account = accountOf(prompt.deviceId)
  const signer = account && (await signerOf(account))
  if (!signer) return 'refused'
  const verdict = await answer(signer, prompt, decided)
  if (verdict.kind === 'failed') {
    await heed(prompt.deviceId, verdict.failure)
    return verdict.failure.status === 0 || verdict.failure.status >= 500 ? 'offline' : 'refused'
  }
  const bad = verdict.kind === 'wrong_code' || verdict.kind === 'changed' || verdict.kind === 'too_late'
  // Optional call: iOS and desktop Firefox have none.
  navigator.vibrate?.(bad ? [60, 60, 60] : 30)
  await close(prompt.challenge, verdict.kind, verdict.kind === 'elsewhere' ? verdict.state : undefined)
  await closeNotifications(prompt.challenge)
  return null
}
