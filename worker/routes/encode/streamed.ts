/**
 * A JSON answer that is not ready yet. The headers go out at once, then a space every few seconds (JSON allows white space
 * before it), then the body: only a response that is being written tells us that its reader has left.
 */
import { logFailure } from '../../record/log.ts'
import { breathing } from './breathing.ts'

/**
 * @param make gets a promise that resolves when the caller has gone; what it makes then is not sent. Where it
 * throws the answer breaks off: the status has gone out.
 */
export function streamed(
  background: (work: Promise<unknown>) => void,
  make: (gone: Promise<void>) => Promise<unknown>,
): Response {
  const { readable, say, end, fail, gone } = breathing(' ')
  background(
    make(gone)
      .then((body) => {
        say(JSON.stringify(body))
        end()
      })
      .catch((error: unknown) => {
        logFailure('streamed answer failed', error)
        // A broken answer is asked for again; one that breathes for ever is not.
        fail(error)
      }),
  )
  return new Response(readable, {
    headers: {
      'Content-Type': 'application/json; charset=UTF-8',
      'Cache-Control': 'no-cache, no-transform',
    },
  })
}
