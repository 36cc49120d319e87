/** What the page and the service worker say to each other, and nothing else passes between them. */
import * as v from 'valibot'

/** `take-over`: the person agreed to the new version. */
const ToWorker = v.object({ type: v.literal('take-over') })
export type ToWorker = v.InferOutput<typeof ToWorker>

const FromWorker = v.variant('type', [
  /** Something changed about this device's challenges: ask again. */
  v.object({ type: v.literal('changed'), device: v.string() }),
  /** The person clicked a notification. `challenge` is missing where it could not be verified. */
  v.object({ type: v.literal('show'), device: v.string(), challenge: v.optional(v.string()) }),
  /** The accounts' records were written to. */
  v.object({ type: v.literal('accounts') }),
])
export type FromWorker = v.InferOutput<typeof FromWorker>

export const isToWorker = (data: unknown): data is ToWorker => v.is(ToWorker, data)

/** The page's ear. Messages of another version of the worker are not understood and dropped. */
export function listen(
  container: {
    addEventListener(type: 'message', heard: (event: MessageEvent<unknown>) => void): void
  },
  onMessage: (message: FromWorker) => void,
): void {
  container.addEventListener('message', (event) => {
    const message = v.safeParse(FromWorker, event.data)
    if (message.success) onMessage(message.output)
  })
}
