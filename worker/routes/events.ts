/** GET /validate/events/<transaction>: the status as server-sent events, the first one at once, ending with the final one. */
import { addressOf, waitForChange } from '../challenge/follow.ts'
import { reach } from '../challenge/reach.ts'
import type { Status } from '../challenge/desk/look.ts'
import { wireStatus } from './encode/outcome.ts'
import { breathing } from './encode/streamed.ts'
import type { Call } from './surface.ts'

/** A stream that nobody ends ends itself; EventSource comes back by itself. */
const longestMs = 15 * 60_000
const retryMs = 2000

export async function eventStream(call: Call, transactionId: string): Promise<Response> {
  const context = call.get('context')
  const { readable, writer, gone, breathe } = breathing(': \n\n')
  const encoder = new TextEncoder()
  const say = (status: Status | null) =>
    writer.write(
      encoder.encode(
        `event: status\ndata: ${JSON.stringify({
          challenge_status: status ? wireStatus[status.state] : 'expired',
          answered_at_ms: status?.answeredAtMs ?? null,
        })}\n\n`,
      ),
    )
  const follow = async () => {
    const untilMs = context.nowMs() + longestMs
    const stop = breathe()
    try {
      await writer.write(encoder.encode(`retry: ${retryMs}\n\n`))
      const address = await addressOf(context, transactionId)
      const status =
        address && (await reach(context, address, (object) => object.status(transactionId)))
      await say(status)
      if (!address || status?.state !== 'pending') return
      // One move ends it: that an approval is redeemed later is the application's own doing.
      const { end, status: moved } = await waitForChange(context, address, transactionId, {
        whileState: 'pending',
        untilMs,
        gone,
      })
      if (end === 'moved') await say(moved)
    } finally {
      stop()
      await writer.close().catch(() => undefined)
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
