/** Calls the worker's scheduled handler at the start of each minute, as Cloudflare does and miniflare does not. */
import { setTimeout as pause } from 'node:timers/promises'

const minuteMs = 60_000

/**
 * One at a time: a run that takes longer than a minute makes the next one late, not two at once.
 * `run` must not throw. @returns how to stop; a run that has begun goes on to its end.
 */
export function startCron(run: () => Promise<void>): () => void {
  const stopping = new AbortController()
  const { signal } = stopping
  const loop = async () => {
    while (!signal.aborted) {
      await pause(minuteMs - (Date.now() % minuteMs), null, { signal }).catch(() => {})
      if (!signal.aborted) await run()
    }
  }
  void loop()
  return () => stopping.abort()
}
