/** Waiting in tests: for a condition, never for a time. What was waited for is in the error. */

const turnMs = 50
const longestTurnMs = 250

/**
 * Asks again and again until there is an answer that is neither null, undefined nor false, and less often the longer that takes: asking
 * a browser is work for it, on the cores that what is waited for needs too. Where a test holds the clock, turns are counted instead: as
 * many short ones as fit into that time.
 */
export async function until<T>(
  what: string,
  ask: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  withinMs = 15_000,
): Promise<T> {
  const giveUpAtMs = Date.now() + withinMs
  const turns = Math.ceil(withinMs / turnMs)
  let lastError: unknown
  for (let turn = 1; ; turn++) {
    try {
      const answer = await ask()
      if (answer !== null && answer !== undefined && answer !== false) return answer
    } catch (error) {
      lastError = error
    }
    if (Date.now() > giveUpAtMs)
      throw new Error(`waited ${withinMs} ms in vain for ${what}`, { cause: lastError })
    if (turn > turns)
      throw new Error(`asked ${turns} times in vain for ${what}`, { cause: lastError })
    // A tenth of the time it took is not missed.
    await pause(Math.min(longestTurnMs, Math.max(turnMs, (turn * turnMs) / 10)))
  }
}

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms))

/** The promise, or an error that says what did not come. */
export async function within<T>(what: string, promise: Promise<T>, withinMs = 15_000): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`waited ${withinMs} ms in vain for ${what}`)),
      withinMs,
    )
  })
  try {
    return await Promise.race([promise, tooLate])
  } finally {
    clearTimeout(timer)
  }
}
