/** A whole login, five requests one after the other, by sixteen people at a time, beside the floor's. */
import { Agent, request } from 'node:http'
import { startBoth } from '../both.ts'
import { median, quantile, settled } from '../load.ts'
import type { Findings } from '../report.ts'
import type { Send, Side } from '../sides.ts'
import type { Owner } from '../store.ts'

const people = 16
const rounds = 6
const roundMs = 5000
/** Both have run for a while: what is asked often is compiled by then. */
const runUpMs = 4000
const mustReach = { ratio: 0.7, cpuMs: 8 }

export async function login(): Promise<Findings> {
  const both = await startBoth()
  const given: Record<Side['name'], Cycled[]> = { ours: [], floor: [] }
  try {
    const owners = await both.fresh(people)
    for (const side of both.sides) await cycles(side, owners, runUpMs)
    for (let round = 0; round < rounds; round++)
      for (const side of both.sides) given[side.name].push(await cycles(side, owners, roundMs))
  } finally {
    await both.stop()
  }
  const ratio = median(
    given.ours.map(({ perSecond }, at) => perSecond / given.floor[at]!.perSecond),
  )
  const cpuMs = median(given.ours.map((one) => one.cpuMs))
  return {
    figures: [
      {
        name: 'a whole login, warm',
        mustReach: `${mustReach.ratio} of the floor's`,
        measured: ratio.toFixed(2),
        reached: ratio >= mustReach.ratio,
      },
      {
        name: 'CPU of a whole login, warm',
        mustReach: `at most ${mustReach.cpuMs} ms`,
        measured: `${cpuMs.toFixed(1)} ms`,
        reached: cpuMs <= mustReach.cpuMs,
      },
    ],
    rows: both.sides.map(({ name }) => {
      const took = given[name].flatMap((one) => one.tookMs)
      return {
        server: name,
        'logins per s': median(given[name].map(({ perSecond }) => perSecond)),
        'p50 ms': median(took),
        'p99 ms': quantile(took, 0.99),
        'CPU ms': median(given[name].map((one) => one.cpuMs)),
      }
    }),
  }
}

type Cycled = { perSecond: number; cpuMs: number; tookMs: number[] }

async function cycles(side: Side, owners: Owner[], forMs: number): Promise<Cycled> {
  const agent = new Agent({ keepAlive: true })
  const send = sender(side, agent)
  const tookMs: number[] = []
  const cpuBefore = side.server.cpuSeconds()
  const startedAt = performance.now()
  await Promise.all(
    owners.map(async (owner) => {
      while (performance.now() < startedAt + forMs) {
        const at = performance.now()
        await side.login(owner, send)
        tookMs.push(performance.now() - at)
      }
    }),
  )
  const elapsedMs = performance.now() - startedAt
  agent.destroy()
  // What follows is the logins' own, and troubles nobody else's.
  await settled(side.server)
  const cpuMs = ((side.server.cpuSeconds() - cpuBefore) * 1000) / tookMs.length
  return { perSecond: (tookMs.length * 1000) / elapsedMs, cpuMs, tookMs }
}

/** node:http: a request of fetch costs this process more than it costs the server. */
const sender =
  ({ server }: Side, agent: Agent): Send =>
  ({ method, path, headers, body }) =>
    new Promise((resolve, reject) => {
      const sent = request(server.url + path, { method, headers: { ...headers }, agent })
      sent.on('error', reject)
      sent.on('response', (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('end', () =>
          response.statusCode === 200
            ? resolve(text)
            : reject(new Error(`${path}: ${response.statusCode} ${text}`)),
        )
      })
      sent.end(body)
    })
