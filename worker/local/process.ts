/** How our commands end: cleanly on a signal, with the npm that started them, and with one sentence on a refusal. */
import { Refusal } from './settings.ts'

/** Runs a command; a Refusal is told as it stands, anything else with its stack. Both exit with 1. */
export async function orSayWhy(command: () => Promise<void>): Promise<void> {
  try {
    await command()
  } catch (error) {
    console.error(error instanceof Refusal ? error.message : error)
    process.exit(1)
  }
}

/** Calls `stop` once, on the first signal, and exits when it is done; a stop that hangs is cut short. */
export function onEnd(stop: () => Promise<void>): void {
  let ending = false
  const end = async () => {
    if (ending) return
    ending = true
    setTimeout(() => process.exit(1), 5000).unref()
    await stop()
    process.exit(0)
  }
  const own = () => void end()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, own)
    // miniflare has handlers of its own, which exit before anything could be ended in order. They go after ours has
    // come: while a signal has no handler at all, Node lets one that is on its way fall.
    for (const other of process.listeners(signal))
      if (other !== own) process.removeListener(signal, other)
  }
}

/** `kill` of npm ends npm's shell and nothing below it; we notice, and end as if told. */
export function endWithParent(): void {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM')
  }, 500).unref()
}
