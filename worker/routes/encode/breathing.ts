/** A stream that shows signs of life while nothing is there to be said, and notices when nobody reads it any more. */

/**
 * Each sign of life is work, and leaves garbage that is dear to collect where thousands wait. All streams of an isolate together send
 * so many a second; each sends one at least every `longestMs`, because proxies begin to close what is silent for half a minute.
 */
const pace = { perSecond: 250, shortestMs: 5000, longestMs: 20_000 }

/** In this isolate, until they end. */
let streams = 0

/** @returns how long each is silent where so many streams breathe. */
export const silenceMs = (count: number): number =>
  Math.min(Math.max((count * 1000) / pace.perSecond, pace.shortestMs), pace.longestMs)

export type Breathing = {
  readable: ReadableStream<Uint8Array>
  /** Said to nobody where the reader has left. */
  say(text: string): void
  end(): void
  /** It breaks off, so that the reader does not take it for whole. */
  fail(error: unknown): void
  /** Resolves when the reader has left, which a breath or two later shows. */
  gone: Promise<void>
}

/** Breathes at once, and until it ends. */
export function breathing(breath: string): Breathing {
  const encoder = new TextEncoder()
  const bytes = encoder.encode(breath)
  let controller!: ReadableStreamDefaultController<Uint8Array>
  let left!: () => void
  const gone = new Promise<void>((resolve) => (left = resolve))
  let timer: ReturnType<typeof setTimeout>
  let isOver = false
  /** @returns whether it was not over before. */
  const over = (): boolean => {
    if (isOver) return false
    isOver = true
    streams--
    clearTimeout(timer)
    return true
  }
  // A stream with a writer would cost each breath a third more.
  const readable = new ReadableStream<Uint8Array>({
    start: (given) => void (controller = given),
    cancel() {
      over()
      left()
    },
  })
  const breathe = () => {
    controller.enqueue(bytes)
    timer = setTimeout(breathe, silenceMs(streams))
  }
  streams++
  breathe()
  return {
    readable,
    say: (text) => void (isOver || controller.enqueue(encoder.encode(text))),
    end: () => void (over() && controller.close()),
    fail: (error) => void (over() && controller.error(error)),
    gone,
  }
}
