/** What tests of starting and ending look at. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Running, descendants, run, startCommand, stillAlive } from './command.ts'

export type { Running }
export const address = /Countersign is at (\S+)/

export const begin = (state: string, env: Record<string, string> = {}): Running =>
  run(startCommand, { COUNTERSIGN_STATE: state, ...env })

/** @returns its address, once it can be used. */
export async function ready(started: Running): Promise<string> {
  const url = (await started.printed(address))[1]!
  await started.printed(/Ctrl-C ends it/)
  return url
}

/** Each workerd below it. */
export const runtimesOf = ({ child }: Running): number[] =>
  descendants(child.pid!)
    .filter(({ command }) => /workerd.* serve/.test(command))
    .map(({ pid }) => pid)

/** Ends it once it is ready, the whole group as a terminal does or its leader alone: no process and no mark is left of it. */
export async function endsCleanly(
  started: Running,
  { whom, signal }: { whom: 'group' | 'leader'; signal: NodeJS.Signals },
): Promise<void> {
  const url = await ready(started)
  const below = descendants(started.child.pid!)
  expect(runtimesOf(started)).toHaveLength(1)
  if (whom === 'group') started.signalGroup(signal)
  else started.child.kill(signal)
  await started.exited
  expect(await stillAlive(below.map(({ pid }) => pid))).toEqual([])
  expect(existsSync(join(started.state ?? '', 'holder.json'))).toBe(false)
  await expect(fetch(`${url}/healthz/livez`)).rejects.toThrow('fetch failed')
}
