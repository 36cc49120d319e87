/** A stream that shows signs of life while nothing is there to be said, and notices when nobody reads it any more. */

/**
 * Each sign of life is work, and leaves garbage that is dear to collect where thousands wait. Those of all streams of an isolate are
 * apart, and none is silent for longer than `longestMs`: proxies begin to close what says nothing for half a minute.
 */
const pace = { apartMs: 4, shortestMs: 5000, longestMs: 20_000 }

/** Who breathes when. Nobody is counted: of what was cut off by the runtime nobody would tell, and it would be counted for ever. */
export class Timetable {
  #lastAtMs = 0

  /** @returns how long to be silent from now on. */
  silenceMs(nowMs: number): number {
    const next = Math.max(this.#lastAtMs + pace.apartMs, nowMs + pace.shortestMs)
    this.#lastAtMs = Math.min(next, nowMs + pace.longestMs)
    return this.#lastAtMs - nowMs
  }
}

const ofThisIsolate = new Timetable()

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
    timer = setTimeout(breathe, ofThisIsolate.silenceMs(Date.now()))
  }
  breathe()
  return {
    readable,
    say: (text) => void (isOver || controller.enqueue(encoder.encode(text))),
    end: () => void (over() && controller.close()),
    fail: (error) => void (over() && controller.error(error)),
    gone,
  }
}
