/**
 * How long after an approval whoever waits for it knows. Events and sockets are judged from the moment that the server says it was
 * approved at, on the same machine's clock; told beside it is the time since the device's answer was sent. For a blocked check the two
 * requests' own time is taken off: an answer that nobody waits for, and a check of what is approved already, measured in the same run.
 * The device has just looked, as the app has that shows the question: its connection stands.
 */
import { WebSocket } from 'ws'
import { socketProtocol } from '../../../schema/device.ts'
import { startAlone } from '../both.ts'
import { median, quantile } from '../load.ts'
import { type Enrolled, enrolPeople } from '../people.ts'
import type { Figure, Findings } from '../report.ts'
import type { Application, Transaction } from '../../support/application.ts'
import type { Ours } from '../servers.ts'

const people = 10
const samples = 500
/** Of each waiter, before anything is measured: what is asked often is compiled by then. */
const runUp = 60
/** Long enough for the waiter to wait when the answer comes. */
const settleMs = 40
const socketPath = '/device/socket'

type Heard = { sinceSentMs: number; sinceApprovedMs: number }

/** `heard` is when it knew. */
type Waiter = (
  at: { server: Ours; payroll: Application },
  who: Enrolled,
  asked: Transaction,
) => Promise<{ heard: Promise<number> }>

const waiters: Record<'check' | 'events' | 'socket', Waiter> = {
  check: async ({ payroll }, { user }, { transactionId }) => ({
    heard: payroll.check({ user, pass: '', state: transactionId }).then(({ envelope }) => {
      if (envelope.result.authentication !== 'ACCEPT') throw new Error(JSON.stringify(envelope))
      return performance.now()
    }),
  }),
  events: async ({ payroll }, _, { transactionId }) => ({
    heard: (async () => {
      for await (const { challenge_status: status } of payroll.events(transactionId))
        if (status === 'accept') return performance.now()
      throw new Error('the events ended before there was an approval')
    })(),
  }),
  // The person's other window: it takes the question away.
  async socket({ server }, { device }) {
    const jws = await device.signRequest('GET', socketPath)
    const socket = new WebSocket(
      server.url.replace('http', 'ws') + socketPath,
      [socketProtocol, jws],
      {
        origin: server.server.url,
      },
    )
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    const heard = new Promise<number>((resolve) =>
      socket.on('message', (data: Buffer) => {
        if (!data.toString().includes('"ended"')) return
        resolve(performance.now())
        socket.close()
      }),
    )
    return { heard }
  },
}

export async function listen(): Promise<Findings> {
  const { server, stop } = await startAlone({ people: 1000, policies: 50, audit: 1000 })
  try {
    const { payroll, people: all } = await enrolPeople(server, people)
    const at = { server, payroll }
    const own = await ownTimes(at, all)
    const heard: Record<string, Heard[]> = {}
    for (const [name, waiter] of Object.entries(waiters))
      heard[name] = await each(all, async (who) => {
        const { asked, approve } = await open(at, who)
        const waiting = await waiter(at, who, asked)
        await pause()
        await who.device.list()
        const sentAt = performance.now()
        const [heardAt] = await Promise.all([waiting.heard, approve()])
        const heardAtMs = Date.now() - (performance.now() - heardAt)
        const approvedAtMs = await approvedAt(payroll, asked)
        return { sinceSentMs: heardAt - sentAt, sinceApprovedMs: heardAtMs - approvedAtMs }
      })
    const sinceSent = (name: string) => heard[name]!.map(({ sinceSentMs }) => sinceSentMs)
    const sinceApproved = (name: string) =>
      heard[name]!.map(({ sinceApprovedMs }) => sinceApprovedMs)
    const over = sinceSent('check').map((took) => took - own.answerMs - own.checkMs)
    const figure = (name: string, values: number[], share: number, most: number): Figure => ({
      name,
      mustReach: `${share === 0.5 ? 'p50' : 'p99'} at most ${most} ms`,
      measured: `${quantile(values, share).toFixed(1)} ms`,
      reached: quantile(values, share) <= most,
    })
    return {
      figures: [
        figure('accept → blocked check, over the requests’ own time', over, 0.5, 2),
        figure('accept → blocked check, over the requests’ own time', over, 0.99, 10),
        figure('accept → event', sinceApproved('events'), 0.99, 15),
        figure('accept → socket', sinceApproved('socket'), 0.99, 15),
      ],
      rows: Object.keys(waiters).map((name) => ({
        waiter: name,
        samples,
        'since approved, p50 ms': median(sinceApproved(name)),
        'p99 ms': quantile(sinceApproved(name), 0.99),
        'since sent, p50 ms': median(sinceSent(name)),
        'since sent, p99 ms': quantile(sinceSent(name), 0.99),
        'own time of an answer': own.answerMs,
        'own time of a check': own.checkMs,
      })),
    }
  } finally {
    await stop()
  }
}

/** As the server says afterwards: epoch milliseconds. */
async function approvedAt(payroll: Application, { transactionId }: Transaction): Promise<number> {
  for await (const { answered_at_ms: atMs } of payroll.events(transactionId))
    if (atMs !== null) return atMs
  throw new Error('it was not approved')
}

const pause = () => new Promise((resolve) => setTimeout(resolve, settleMs))

async function each<T>(all: Enrolled[], work: (who: Enrolled) => Promise<T>): Promise<T[]> {
  const took: T[] = []
  for (let at = 0; at < runUp + samples; at++) took.push(await work(all[at % all.length]!))
  return took.slice(runUp)
}

async function open({ payroll }: { payroll: Application }, { user, device }: Enrolled) {
  const asked = await payroll.ask({ user })
  const challenges = await device.list()
  const challenge = challenges.at(0)
  if (!challenge) throw new Error('nothing is open')
  const answer = await device.signAnswer(challenge, { decision: 'approve', code: asked.code })
  return {
    asked,
    approve: async () => {
      const { outcome } = await device.sendAnswer(answer)
      if (outcome !== 'accepted') throw new Error(`the answer was ${outcome}`)
    },
  }
}

async function ownTimes(at: { server: Ours; payroll: Application }, all: Enrolled[]) {
  const timed = async (work: () => Promise<unknown>) => {
    const from = performance.now()
    await work()
    return performance.now() - from
  }
  const checks: number[] = []
  const answers = await each(all, async (who) => {
    const { asked, approve } = await open(at, who)
    await pause()
    await who.device.list()
    const took = await timed(approve)
    checks.push(await timed(() => at.payroll.redeem(who, asked.transactionId)))
    return took
  })
  return { answerMs: median(answers), checkMs: median(checks) }
}
