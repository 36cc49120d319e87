/** Finishes an enrolment; where another device made the invitation, when that one has let this one in. */
import type { EnrolmentFinishAnswer } from '../../../schema/device.ts'
import type { Result } from '../api/call.ts'
import { type Finish, finish } from './finish.ts'

/** After a connection that broke between the answer and its being fetched. */
const askAgainMs = 2000

/**
 * @param waits is told the code that is typed on the other device.
 * @returns null for whoever has left; the other device is told nothing, and its question runs out.
 */
export async function finishAdmitted(
  asked: Finish,
  { waits, left }: { waits: (code: string) => void; left: AbortSignal },
): Promise<Result<EnrolmentFinishAnswer> | null> {
  let isAsked = false
  for (;;) {
    const finished = await finish(asked)
    if (!finished.ok && isAsked && finished.failure.status === 0) {
      await new Promise((resolve) => setTimeout(resolve, askAgainMs))
    } else if (!finished.ok) {
      return finished
    } else {
      const { value } = finished
      if (!('waiting' in value)) return { ok: true, value }
      isAsked = true
      waits(value.waiting.code)
      await answered(value.waiting.transaction, left)
    }
    if (left.aborted) return null
  }
}

/** The server says when the question is over, and is not asked again and again. */
function answered(transaction: string, left: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const events = new EventSource(`/validate/events/${transaction}`)
    const over = (): void => {
      events.close()
      resolve()
    }
    left.addEventListener('abort', over, { once: true })
    events.addEventListener('status', ({ data }) => {
      const { challenge_status: status } = JSON.parse(data) as { challenge_status: string }
      if (status !== 'pending') over()
    })
  })
}
