/** GET /validate/events/<transaction>: the status as server-sent events, the first one at once, ending with the final one. */
import { addressOf, waitForChange } from '../challenge/follow.ts'
import { reach } from '../challenge/reach.ts'
import type { Status } from '../challenge/desk/look.ts'
import { wireStatus } from './encode/outcome.ts'
import { breathing } from './encode/breathing.ts'
import type { Call } from './surface.ts'

/** A stream that nobody ends ends itself; EventSource comes back by itself. */
const longestMs = 15 * 60_000
const retryMs = 2000

export async function eventStream(call: Call, transactionId: string): Promise<Response> {
  const context = call.get('context')
  const { readable, say, end, gone } = breathing(': \n\n')
  const tell = (status: Status | null) =>
    say(
      `event: status\ndata: ${JSON.stringify({
        challenge_status: status ? wireStatus[status.state] : 'expired',
        answered_at_ms: status?.answeredAtMs ?? null,
      })}\n\n`,
    )
  const follow = async () => {
    const untilMs = context.nowMs() + longestMs
    try {
      say(`retry: ${retryMs}\n\n`)
      const address = await addressOf(context, transactionId)
      const status =
        address && (await reach(context, address, (object) => object.status(transactionId)))
      tell(status)
      if (!address || status?.state !== 'pending') return
      // One move ends it: that an approval is redeemed later is the application's own doing.
      const waited = await waitForChange(context, address, transactionId, {
        whileState: 'pending',
        untilMs,
        gone,
      })
      if (waited.end === 'moved') tell(waited.status)
    } finally {
      end()
    }
  }
  call.executionCtx.waitUntil(follow().catch(() => undefined))
  return new Response(readable, {
    headers: {
      'Content-Type': 'text/event-stream; charset=UTF-8',
      'Cache-Control': 'no-cache, no-transform',
      'Access-Control-Allow-Origin': '*',
    },
  })
}
