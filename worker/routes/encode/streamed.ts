/**
 * A JSON answer that is not ready yet. The headers go out at once, then a space every few seconds (JSON allows white space
 * before it), then the body: only a response that is being written tells us that its reader has left.
 */
import { logFailure } from '../../record/log.ts'

/** Of thousands who wait, each sign of life is work: of ten thousand every five seconds, a third of a core. */
const breathMs = 5000

/**
 * @param make gets a promise that resolves when the caller has gone; what it makes then is not sent. Where it
 * throws the answer breaks off: the status has gone out.
 */
export function streamed(
  background: (work: Promise<unknown>) => void,
  make: (gone: Promise<void>) => Promise<unknown>,
): Response {
  const { readable, writer, gone, breathe } = breathing(' ')
  background(
    (async () => {
      const stop = breathe()
      const body = await make(gone)
        .catch(async (error: unknown) => {
          logFailure('streamed answer failed', error)
          // A broken answer is asked for again; one that breathes for ever is not.
          await writer.abort(error)
          throw error
        })
        .finally(stop)
      await writer.write(new TextEncoder().encode(JSON.stringify(body)))
      await writer.close()
    })().catch(() => undefined),
  )
  return new Response(readable, {
    headers: {
      'Content-Type': 'application/json; charset=UTF-8',
      'Cache-Control': 'no-cache, no-transform',
    },
  })
}

/** A stream that shows signs of life, and notices when nobody reads it any more. */
export function breathing(breath: string): {
  readable: ReadableStream
  writer: WritableStreamDefaultWriter<Uint8Array>
  gone: Promise<void>
  breathe: () => () => void
} {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  const gone = new Promise<void>((resolve) => {
    writer.closed.then(
      () => undefined,
      () => resolve(),
    )
  })
  const bytes = new TextEncoder().encode(breath)
  const breathe = () => {
    const send = () => void writer.write(bytes).catch(() => undefined)
    send()
    const timer = setInterval(send, breathMs)
    return () => clearInterval(timer)
  }
  return { readable, writer, gone, breathe }
}
