/**
 * Ten thousand callers who wait at once, twenty for each of five hundred people: mostly blocking checks, some polls that wait, some
 * listeners. What a caller costs in memory beside one of the floor's, what everyone else notices of them, and that each is told in
 * the end. In waves, so that what the first ones left behind shows.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { application } from '../../support/application.ts'
import { type Alone, startAlone } from '../both.ts'
import { load, median, quantile, repeated } from '../load.ts'
import { type Figure, type Findings, type Row, part } from '../report.ts'
import { startFloor } from '../servers.ts'
import { floorOf } from '../sides.ts'
import { type Owner, floorPort, openStore, port } from '../store.ts'
import type { Caller, FromCallers, ToCallers } from '../waiting-callers.ts'

const owners = 500
const transactionsEach = 2
/** Of one transaction. An object lets sixteen wait. */
const mix = { check: 6, poll: 2, events: 2 }
type Kind = keyof typeof mix
const callersEach = Object.values(mix).reduce((sum, one) => sum + one)
const callersCount = owners * transactionsEach * callersEach
const waves = 2
/** Of the floor, where one is like the other. */
const floorOwners = 100
const floorCallers = 1000
/** workerd opens each connection twice, and an object's database is three files; the rest is for everything else. */
const descriptors = 2 * callersCount + 3 * owners + 1000
/** As long as they may be set: all must still wait when the last one has come. */
const seconds = { wait: 300, answer: 900 }
const settleMs = 3000
const connections = 4
const others = { poll: 1000, trigger: 500 }
type Other = keyof typeof others
const othersOwners = 50
/** Each question is polled so often, or all polls were over within one breath of those who wait. */
const pollsEach = 8

const most = { timesFloor: 1.2, timesSlower: 2, timesLarger: 1.2 }

type Wave = {
  bytesEach: number
  residentBytes: number
  openedMs: number
  toldMs: number
  errors: string[]
  without: Record<Other, number[]>
  beside: Record<Other, number[]>
}
const callersFile = fileURLToPath(new URL('../waiting-callers.ts', import.meta.url))
const size = { people: 2000, policies: 50, audit: 10_000 }

type Group = { alone: Alone; people: Owner[] }

export async function waiting(): Promise<Findings> {
  const groups: Group[] = []
  const found: Wave[] = []
  const floorBytesEach = await part('waiting-floor', floorMemory)
  try {
    const count = Math.ceil(descriptors / allowedDescriptors())
    if (count > 1) console.log(`${count} servers share them: a process may not open enough here.`)
    for (let number = 0; number < count; number++) groups.push(await group(number, owners / count))
    const neighbours = await groups[0]!.alone.fresh(othersOwners)
    const measure = () => measureOthers(groups[0]!.alone, neighbours)
    // Everything is read and compiled once before it counts.
    await measure()
    for (let number = 0; number < waves; number++) {
      say(`wave ${number + 1}`)
      found.push(await wave(groups, measure))
    }
  } finally {
    say('over')
    for (const { alone } of groups) await alone.stop()
  }
  return findings(found, floorBytesEach)
}

/** A server that dies beside it says so on the same screen. */
const say = (what: string) => console.log(`${new Date().toISOString().slice(11, 19)} ${what}`)

function allowedDescriptors(): number {
  const { userLimits } = process.report.getReport() as {
    userLimits: { open_files: { hard: number | 'unlimited' } }
  }
  const { hard } = userLimits.open_files
  return hard === 'unlimited' ? Infinity : hard
}

async function group(number: number, count: number): Promise<Group> {
  const alone = await startAlone(size, {
    name: `waiting-${number}`,
    at: number === 0 ? port : floorPort + number,
  })
  await letThemWait(alone)
  return { alone, people: await alone.fresh(count) }
}

async function letThemWait({ server }: Alone): Promise<void> {
  const { envelope } = await application({ url: server.url }).auth('admin', adminPassword)
  const { token } = envelope.result.value as { token: string }
  const { status } = await application({ url: server.url, token }).call(
    'POST',
    '/system/setConfig',
    { StateWaitSeconds: seconds.wait, PushChallengeValidityTime: seconds.answer },
  )
  if (status !== 200) throw new Error(`the configuration was refused: ${status}`)
  // An isolate looks at most once a second whether something was set.
  await wait(2000)
}
const adminPassword = 'correct horse battery staple'

/** What the runtime takes for a held answer and a call that waits in an object, however they are written. */
async function floorMemory(): Promise<number> {
  const store = await openStore(size, console.log, 'waiting-floor')
  const server = await startFloor(floorPort, store.floor)
  const people = await Promise.all(Array.from({ length: floorOwners }, (_, at) => store.owner(at)))
  const side = await floorOf(server)
  const polls = await side.prepare('poll', people)
  await wait(settleMs)
  const before = server.residentBytes()
  const callers = fork(callersFile)
  try {
    const waited = heard(callers)
    const each = polls.flatMap(({ path }) =>
      Array.from({ length: floorCallers / floorOwners }, () => ({
        port: floorPort,
        request: `GET ${path.replace('/poll', '/wait')} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      })),
    )
    callers.send(each satisfies ToCallers)
    if (!('waiting' in (await waited))) throw new Error('nobody waits for the floor')
    await wait(settleMs)
    return (server.residentBytes() - before) / floorCallers
  } finally {
    callers.kill()
    await server.stop()
  }
}

type Asked = { alone: Alone; user: string; id: string; isCancelled: boolean }

async function wave(groups: Group[], measure: () => Promise<Wave['without']>): Promise<Wave> {
  const without = await measure()
  const asked: Asked[] = []
  for (const one of groups) asked.push(...(await ask(one)))
  const resident = () => groups.reduce((sum, { alone }) => sum + alone.server.residentBytes(), 0)
  const before = resident()
  const callers = fork(callersFile)
  try {
    const openedAt = performance.now()
    const waited = heard(callers)
    callers.send(asked.flatMap(callersOf) satisfies ToCallers)
    const first = await waited
    if (!('waiting' in first)) throw new Error(`they did not wait: ${first.wrong[0]}`)
    const openedMs = performance.now() - openedAt
    await wait(settleMs)
    const residentBytes = resident()
    const ended = heard(callers)
    const beside = await measure()
    const toldFrom = performance.now()
    for (const one of groups) await tell(one, asked)
    const last = await ended
    if ('waiting' in last) throw new Error('they wait a second time')
    return {
      bytesEach: (residentBytes - before) / callersCount,
      residentBytes,
      openedMs,
      toldMs: performance.now() - toldFrom,
      errors: [...last.wrong, ...mistold(asked, last.told)],
      without,
      beside,
    }
  } finally {
    callers.kill()
  }
}

async function measureOthers(
  { ours, server }: Alone,
  neighbours: Owner[],
): Promise<Record<Other, number[]>> {
  const measure = async (step: Other) => {
    const requests = await ours.prepare(step, repeated(neighbours, others[step]))
    const sent = step === 'poll' ? repeated(requests, requests.length * pollsEach) : requests
    return (await load(server, sent, { connections, expected: ours.expected[step] })).latenciesMs
  }
  return { trigger: await measure('trigger'), poll: await measure('poll') }
}

/** A poll's address has the transaction's id. Each person's last question is taken back in the end. */
async function ask({ alone, people }: Group): Promise<Asked[]> {
  const asked: Asked[] = []
  for (let number = 1; number <= transactionsEach; number++) {
    const polls = await alone.ours.prepare('poll', people)
    for (const [at, { path }] of polls.entries())
      asked.push({
        alone,
        user: people[at]!.user,
        id: path.slice(path.lastIndexOf('/') + 1),
        isCancelled: number === transactionsEach,
      })
  }
  return asked
}

const kinds = Object.entries(mix).flatMap(([kind, count]) =>
  Array.from({ length: count }, () => kind as Kind),
)

function callersOf({ alone: { server }, user, id }: Asked): Caller[] {
  const head = [
    'Host: localhost',
    'Connection: close',
    `X-API-Key: ${server.server.keys.tryApiKey}`,
  ]
  const get = (path: string) => [`GET ${path} HTTP/1.1`, ...head, '', ''].join('\r\n')
  const text = JSON.stringify({ user, pass: '', state: id })
  const check = [
    'POST /validate/check HTTP/1.1',
    ...head,
    'Content-Type: application/json',
    `Content-Length: ${text.length}`,
    '',
    text,
  ].join('\r\n')
  const of: Record<Kind, string> = {
    poll: get(`/validate/polltransaction/${id}?wait=${seconds.wait}&cancelled=1`),
    check,
    events: get(`/validate/events/${id}`),
  }
  const at = Number(new URL(server.url).port)
  return kinds.map((kind) => ({ port: at, request: of[kind] }))
}

/** Each person answers one question by their device, and the application takes the other back. */
async function tell({ alone, people }: Group, asked: Asked[]): Promise<void> {
  const { ours, server } = alone
  const headers = {
    'content-type': 'application/json',
    'x-api-key': server.server.keys.tryApiKey,
  }
  const cancels = asked
    .filter((one) => one.alone === alone && one.isCancelled)
    .map(({ id }) => ({
      method: 'POST' as const,
      path: '/validate/cancel',
      headers,
      body: JSON.stringify({ transaction_id: id }),
    }))
  await load(server, cancels, { connections: 16, expected: '"status":true' })
  const answers = await ours.prepare('answer', people)
  await load(server, answers, { connections: 16, expected: ours.expected.answer })
}

/** What each must have heard. Of several checks that wait for one approval the first one uses it up. */
function mistold(asked: Asked[], told: string[]): string[] {
  const wrong: string[] = []
  for (const [at, one] of asked.entries()) {
    const texts = kinds.map((kind, index) => ({
      kind,
      text: told[at * kinds.length + index] ?? '',
    }))
    const word = one.isCancelled ? '"cancelled"' : '"accept"'
    for (const { kind, text } of texts)
      if (kind !== 'check' && !text.includes(`"challenge_status":${word}`))
        wrong.push(`${kind}: ${text}`)
    const checks = texts.filter(({ kind }) => kind === 'check')
    const accepted = checks.filter(({ text }) => text.includes('"ACCEPT"')).length
    const finished = checks.every(({ text }) => text.includes('"authentication"'))
    if (!finished || accepted !== (one.isCancelled ? 0 : 1))
      wrong.push(`${accepted} checks were accepted: ${checks.map(({ text }) => text).join('\n')}`)
  }
  return wrong
}

const heard = (callers: ChildProcess): Promise<FromCallers> =>
  new Promise((resolve, reject) => {
    const ended = () => reject(new Error('the callers’ process has ended'))
    callers.once('exit', ended)
    callers.once('message', (message) => {
      callers.off('exit', ended)
      resolve(message as FromCallers)
    })
  })

function findings(found: Wave[], floorBytesEach: number): Findings {
  const p99 = (when: 'without' | 'beside', of: Other) =>
    quantile(
      found.flatMap((one) => one[when][of]),
      0.99,
    )
  const errors = found.flatMap((one) => one.errors)
  if (errors.length > 0) console.log(errors.slice(0, 3).join('\n'))
  const bytesEach = found[0]!.bytesEach
  const larger = found.at(-1)!.residentBytes / found[0]!.residentBytes
  const slower = (of: Other): Figure => {
    const times = p99('beside', of) / p99('without', of)
    return {
      name: `a ${of} beside ${callersCount} waiting callers`,
      mustReach: `p99 at most ${most.timesSlower} times`,
      measured: `${times.toFixed(2)} times`,
      reached: times <= most.timesSlower,
    }
  }
  return {
    figures: [
      {
        name: 'memory of a waiting caller',
        mustReach: `at most ${most.timesFloor} times the floor’s ${(floorBytesEach / 1024).toFixed(0)} KiB`,
        measured: `${(bytesEach / 1024).toFixed(0)} KiB, ${(bytesEach / floorBytesEach).toFixed(2)} times`,
        reached: bytesEach <= most.timesFloor * floorBytesEach,
      },
      {
        name: 'memory with the second ten thousand',
        mustReach: `at most ${most.timesLarger} times`,
        measured: `${larger.toFixed(2)} times`,
        reached: larger <= most.timesLarger,
      },
      slower('poll'),
      slower('trigger'),
      {
        name: 'callers who were told wrongly or not at all',
        mustReach: '0',
        measured: `${errors.length}`,
        reached: errors.length === 0,
      },
    ],
    rows: found.map((one, at): Row => ({
      wave: `${at + 1}`,
      callers: callersCount,
      'open in s': one.openedMs / 1000,
      'told in s': one.toldMs / 1000,
      'MiB of workerd': one.residentBytes / 2 ** 20,
      'KiB each': one.bytesEach / 1024,
      ...Object.fromEntries(
        (['poll', 'trigger'] as const).flatMap((of) =>
          (['without', 'beside'] as const).flatMap((when) => [
            [`${of} p50 ${when}`, median(one[when][of])],
            [`p99 ${when} (${of})`, quantile(one[when][of], 0.99)],
          ]),
        ),
      ),
    })),
  }
}
