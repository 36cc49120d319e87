/** Sends prepared requests, each once, over as many connections as asked for, as fast as they are answered. */
import { setTimeout as wait } from 'node:timers/promises'
import autocannon from 'autocannon'
import { trailSeconds } from '../../schema/limits.ts'
import type { Running } from './servers.ts'

export type Prepared = {
  method: 'GET' | 'POST'
  path: string
  headers?: Record<string, string>
  body?: string
}
export type Loaded = {
  perSecond: number
  /** CPU of the server's workerd for each request. */
  cpuMs: number
  latenciesMs: number[]
}

/** @throws where an answer is not 200, or `expected` does not stand in it: a wrong answer is easily fast. */
export async function load(
  server: Running,
  requests: Prepared[],
  { connections, expected }: { connections: number; expected: string },
): Promise<Loaded> {
  const latenciesMs: number[] = []
  let next = 0
  let wrong: string | null = null
  const cpuBefore = server.cpuSeconds()
  const startedAt = performance.now()
  let endedAt = startedAt
  const { errors, timeouts } = await new Promise<autocannon.Result>((resolve, reject) => {
    const run = autocannon(
      {
        url: server.url,
        connections,
        amount: requests.length,
        timeout: 30,
        requests: [
          {
            // autocannon writes lengths into the headers it is given.
            setupRequest(request) {
              const prepared = requests[next++ % requests.length]!
              return { ...request, ...prepared, headers: { ...prepared.headers } }
            },
            onResponse(status, body) {
              if (status !== 200 || !body.includes(expected)) wrong ??= `${status} ${body}`
            },
          },
        ],
      },
      (error: Error | null, result) => (error ? reject(error) : resolve(result)),
    )
    run.on('response', (_client, _status, _bytes, responseTime) => {
      latenciesMs.push(responseTime)
      endedAt = performance.now()
    })
  })
  if (wrong !== null) throw new Error(`a wrong answer: ${String(wrong)}`)
  if (errors || timeouts) throw new Error(`${errors} errors, ${timeouts} of them time-outs`)
  const cpuMs = ((server.cpuSeconds() - cpuBefore) * 1000) / latenciesMs.length
  return { perSecond: (latenciesMs.length * 1000) / (endedAt - startedAt), cpuMs, latenciesMs }
}

/** Half a second of nearly nothing: what follows from requests is done. */
const idle = { ms: 500, cpuSeconds: 0.02 }

/** Until everything is done that follows from what was asked so far: the trail goes to D1 some seconds later. */
export async function settled({ cpuSeconds }: Running): Promise<void> {
  await wait((trailSeconds.usual + 0.5) * 1000)
  for (let before = -Infinity; cpuSeconds() - before > idle.cpuSeconds;) {
    before = cpuSeconds()
    await wait(idle.ms)
  }
}

/** So many, one after the other and from the beginning again. */
export const repeated = <T>(all: T[], count: number): T[] =>
  Array.from({ length: count }, (_, at) => all[at % all.length]!)

export const quantile = (values: number[], share: number): number => {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}
export const median = (values: number[]): number => quantile(values, 0.5)
