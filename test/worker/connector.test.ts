/** Who may be a connector, seen from the Worker: what a program says that is none, and what one says that is. */
import { env } from 'cloudflare:workers'
import { beforeAll, expect, it } from 'vitest'
import { connectorRefusedCode, connectorTyp } from '../../schema/connector.ts'
import { type PublicJwk, publicHalf, sign } from '../../schema/jws.ts'
import type { Application } from '../support/application.ts'
import { p256Keys } from '../support/p256.ts'
import { until } from '../support/until.ts'
import { newCustomer } from './customer.ts'
import { type Deployment, clock, deployment, origin } from './deployment.ts'

let d: Deployment
const far = {
  type: 'ldapresolver',
  CONNECTOR: 'office',
  LDAPBASE: 'dc=example,dc=org',
  LOGINNAMEATTRIBUTE: 'uid',
  LDAPSEARCHFILTER: '(objectClass=person)',
}
beforeAll(async () => {
  d = await deployment({ DB_1: env.DB_1 })
  await d.payroll.call('POST', '/resolver/far', far)
})

type Key = { key: CryptoKey; publicKey: PublicJwk }
async function newKey(): Promise<Key> {
  const keys = await p256Keys('sign', true)
  const jwk = (await crypto.subtle.exportKey('jwk', keys.publicKey)) as JsonWebKey
  return { key: keys.privateKey, publicKey: publicHalf(jwk as never) }
}

async function codeFor(name = 'office', by: Application = d.payroll): Promise<string> {
  const { envelope } = await by.call('POST', '/connector', { name })
  return (envelope.result.value as { code: string }).code
}
async function enrol(code: string, { key, publicKey }: Key, claims: object = {}) {
  const said = { aud: origin, code, label: 'one', ...claims }
  const proof = await sign(connectorTyp.enrolment, said, { key, jwk: publicKey })
  const { status, envelope } = await d.payroll.call('POST', '/connector/enrol', { proof })
  return { status, id: (envelope.result.value as { id: string } | undefined)?.id ?? '' }
}

async function dial(id: string) {
  const response = await d.fetch(`/connector/dial?id=${id}`, { headers: { Upgrade: 'websocket' } })
  const socket = response.webSocket!
  const heard: Record<string, unknown>[] = []
  let closed: number | null = null
  socket.accept()
  socket.addEventListener('message', ({ data }) => heard.push(JSON.parse(String(data)) as never))
  socket.addEventListener('close', ({ code }) => (closed = code))
  const next = (what: string) => until(what, () => heard.shift())
  const { nonce } = (await next('a nonce')) as { nonce: string }
  return {
    nonce,
    next,
    say: (message: object) => socket.send(JSON.stringify(message)),
    closed: () => until('the end', () => closed),
  }
}
const hello = async (id: string, nonce: string, { key }: Key, claims: object = {}) => ({
  hello: await sign(connectorTyp.hello, { aud: origin, iss: id, nonce, ...claims }, { key }),
})
const tested = async (by: Application = d.payroll) => {
  const { envelope } = await by.call('POST', '/resolver/test', {
    type: 'ldapresolver',
    resolver: 'far',
  })
  return [envelope.result.value, (envelope.detail as { description?: string }).description]
}

it('enrols one key with one code, in its time, for this deployment', async () => {
  const [mine, other] = [await newKey(), await newKey()]
  const code = await codeFor()
  expect((await enrol(code, mine, { aud: 'https://elsewhere.example' })).status).toBe(401)
  expect((await enrol(`${code}x`, mine)).status).toBe(403)
  const forged = await sign(
    connectorTyp.enrolment,
    { aud: origin, code, label: '' },
    {
      key: other.key,
      jwk: mine.publicKey,
    },
  )
  expect((await d.payroll.call('POST', '/connector/enrol', { proof: forged })).status).toBe(401)
  const late = await codeFor()
  const time = clock()
  time.forward(3601)
  expect((await enrol(late, mine)).status).toBe(403)
  time.stop()
  expect((await enrol(code, mine)).status).toBe(200)
  expect((await enrol(code, other)).status).toBe(403)
})

it('hears nothing before it has signed the nonce of this very line with its own key', async () => {
  const [mine, other] = [await newKey(), await newKey()]
  const { id } = await enrol(await codeFor(), mine)
  const before = await dial(id)
  for (const spoilt of [
    async (nonce: string) => hello(id, nonce, other),
    async () => hello(id, before.nonce, mine),
    async (nonce: string) => hello(id, nonce, mine, { aud: 'https://elsewhere.example' }),
    async (nonce: string) => hello(id, nonce, mine, { iss: 'someone' }),
  ]) {
    const line = await dial(id)
    line.say(await spoilt(line.nonce))
    expect(await line.closed()).toBe(connectorRefusedCode)
  }
  const hasty = await dial(id)
  hasty.say({ n: 1, done: { ok: true, tested: 'anything' } })
  expect(await hasty.closed()).toBe(1008)
  expect(await tested()).toEqual([false, 'no connector of this name is connected'])
  for (const unknown of ['nobody', '7.nobody'])
    expect((await d.fetch(`/connector/dial?id=${unknown}`)).status).toBe(404)

  const line = await dial(id)
  line.say(await hello(id, line.nonce, mine))
  expect(await line.next('ready')).toEqual({ ready: true })
  const testing = tested()
  const { n, job, ...asked } = (await line.next('a question')) as { n: number; job: object }
  expect([job, JSON.stringify(asked)]).toEqual([
    { do: 'test' },
    expect.not.stringContaining('BIND'),
  ])
  line.say({ n, done: { ok: true, tested: 'It answers.' } })
  expect(await testing).toEqual([true, 'It answers.'])
  // An answer to another question is none.
  const again = tested()
  const question = (await line.next('a question')) as { n: number }
  line.say({ n: question.n, done: { ok: true, person: null } })
  expect(await again).toEqual([false, 'the connector answered nonsense'])
  await d.payroll.call('DELETE', `/connector/${id}`)
  expect(await line.closed()).toBe(connectorRefusedCode)
})

it('is asked by resolvers that name it, and by no others', async () => {
  const mine = await newKey()
  const { id } = await enrol(await codeFor('branch'), mine)
  const line = await dial(id)
  line.say(await hello(id, line.nonce, mine))
  await line.next('ready')
  expect(await tested()).toEqual([false, 'no connector of this name is connected'])
  const { envelope } = await d.payroll.call('GET', '/connector')
  expect(envelope.result.value).toContainEqual(
    expect.objectContaining({ id, name: 'branch', label: 'one', connected: true }),
  )
})

it('of a customer in another database is theirs, and no other customer’s of the same name', async () => {
  const globex = await newCustomer(d, { id: 'globex', name: 'Globex', database: 1 })
  await globex.payroll.call('POST', '/resolver/far', far)
  const mine = await newKey()
  const { id } = await enrol(await codeFor('office', globex.payroll), mine)
  const line = await dial(id)
  line.say(await hello(id, line.nonce, mine))
  expect(await line.next('ready')).toEqual({ ready: true })
  expect(await tested()).toEqual([false, 'no connector of this name is connected'])
  const testing = tested(globex.payroll)
  const { n } = (await line.next('a question')) as { n: number }
  line.say({ n, done: { ok: true, tested: 'It answers.' } })
  expect(await testing).toEqual([true, 'It answers.'])
  expect((await d.payroll.call('DELETE', `/connector/${id}`)).status).toBe(404)
  expect((await globex.payroll.call('DELETE', `/connector/${id}`)).status).toBe(200)
  expect(await line.closed()).toBe(connectorRefusedCode)
})
