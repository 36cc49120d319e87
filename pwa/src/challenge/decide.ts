/** What the buttons of a question do: answer it, tidy up after it, and say what came of it. */
import type { Failure } from '../api/call.ts'
import { accountOf, heed } from '../device/accounts.ts'
import { closeNotifications } from '../device/notifications.ts'
import type { Enrolment } from '../keys/database.ts'
import { signerOf } from '../keys/enrolments.ts'
import { type Confirm, type Decided, answer } from './answer.ts'
import { type Prompt, close, whileAnswering } from './open.ts'

export type Trouble = 'offline' | 'locked' | 'unconfirmed' | 'refused'

/** @returns null where it is over, or why the person has to try again. */
export function decide(prompt: Prompt, decided: Decided): Promise<Trouble | null> {
  return whileAnswering(prompt.challenge, async () => {
    const account = accountOf(prompt.deviceId)
    const signer = account && (await signerOf(account))
    if (!signer) return 'refused'
    const verdict = await answer(signer, prompt, decided, confirmation(account, prompt, decided))
    if (verdict.kind === 'failed') {
      await heed(prompt.deviceId, verdict.failure)
      return troubleOf(verdict.failure)
    }
    const bad =
      verdict.kind === 'wrong_code' || verdict.kind === 'changed' || verdict.kind === 'too_late'
    // Optional call: iOS and desktop Firefox have none.
    navigator.vibrate?.(bad ? [60, 60, 60] : 30)
    await close(
      prompt.challenge,
      verdict.kind,
      verdict.kind === 'elsewhere' ? verdict.state : undefined,
    )
    await closeNotifications(prompt.challenge)
    return null
  })
}

function confirmation(account: Enrolment, prompt: Prompt, decided: Decided): Confirm | undefined {
  const { verifierId } = account
  if (!prompt.claims.userVerification || decided.decision !== 'approve') return undefined
  return async (answerJws) => {
    const { confirmAnswer } = await import('./confirm.ts')
    return verifierId ? confirmAnswer(answerJws, verifierId) : null
  }
}

function troubleOf({ reason, status }: Failure): Trouble {
  if (reason === 'device_locked') return 'locked'
  if (reason === 'unconfirmed' || reason === 'verification_refused') return 'unconfirmed'
  return status === 0 || status >= 500 ? 'offline' : 'refused'
}
