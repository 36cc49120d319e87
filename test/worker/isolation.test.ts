/**
 * One customer beside another, by every route that there is: whoever may do everything in theirs, and knows each name, serial and id of
 * the other's, reads nothing, changes nothing, and uses up nothing of it.
 */
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Route, contract } from '../../schema/contract.ts'
import { challengeFor } from '../support/passkey.ts'
import { type Belongings, belongings } from './belongings.ts'
import { newCustomer } from './customer.ts'
import { type Deployment, deployment } from './deployment.ts'
import { ofTests } from './statements.ts'

const where = [
  ['in one database', 0],
  ['in two databases', 1],
] as const

/** Stands in everything of theirs that is not a name, a serial or an id. */
const secretWord = 'Kanarienvogel'
/** Pages are files and belong to no customer. */
const routes = contract.filter(({ surface }) => surface !== 'pages')
const nameOf = ({ method, path }: Route): string => `${method} ${path}`

describe.each(where)('two customers %s', (_, database) => {
  let d: Deployment
  let ours: Belongings
  let theirs: Belongings
  let before: Map<string, string>
  const theirId = `theirs-${database}`

  beforeAll(async () => {
    d = await deployment({ DB_1: env.DB_1! })
    const one = await newCustomer(d, { id: `ours-${database}`, name: 'Ours', database })
    const other = await newCustomer(d, { id: theirId, name: 'Theirs', database: 0 })
    ours = await belongings(d, one, { tag: `o${database}`, secretWord: 'Spatz' })
    theirs = await belongings(d, other, { tag: `t${database}`, secretWord })
    before = await theirRows()
  })

  /** What stands in D1 of theirs, by table and place. */
  async function theirRows(): Promise<Map<string, string>> {
    const db = ofTests(env.DB)
    const { results: tables } = await db
      .prepare(
        "select name from sqlite_master where type = 'table' and name not like '\\_cf%' escape '\\' and name <> 'epochs'",
      )
      .all<{ name: string }>()
    const marks = [
      ...[theirId, theirs.serial, theirs.device.serial, theirs.passkey.serial, theirs.userid],
    ]
    const rows = new Map<string, string>()
    for (const { name } of tables) {
      const { results } = await db.prepare(`select * from "${name}"`).all()
      for (const row of results) {
        const text = JSON.stringify(row)
        const isOurs = row['customer'] === `ours-${database}`
        if (!isOurs && marks.some((mark) => text.includes(mark))) rows.set(`${name} ${text}`, name)
      }
    }
    return rows
  }

  it.each(routes.map((one) => [nameOf(one), one] as const))('%s', async (_name, route) => {
    for (const [caller, serial, more] of [
      [ours.of.administrator, theirs.serial, {}],
      [ours.of.payroll, theirs.device.serial, {}],
      [ours.of.payroll, theirs.passkey.serial, await shown(route)],
    ] as const) {
      const response = await send(caller, route, { ...valuesOf(theirs, route), ...more, serial })
      const text = await beginningOf(response)
      expect(response.status).toBeLessThan(500)
      expect(text).not.toContain(secretWord)
      expect(text).not.toContain('ACCEPT')
    }
  })

  /** Their passkey's own signature, over a challenge that was given to us; where a registration is to be ended, something for it. */
  async function shown({ path, takes = {} }: Route): Promise<Record<string, string>> {
    if (!('credential_id' in takes)) return {}
    const { finger, signed } = theirs.passkey
    const challenge = await challengeFor(ours.of.payroll)
    if (path !== '/token/init') return { ...(await signed(challenge)), user: '', realm: '' }
    const { id, response } = await finger.register(challenge)
    return { type: 'passkey', transaction_id: challenge, credential_id: id, ...response }
  }

  it('leave everything of the other’s as it was, and what was open is approved and redeemed', async () => {
    const after = await theirRows()
    expect([...before.keys()].filter((row) => !after.has(row))).toEqual([])
    expect([...after.keys()].filter((row) => !before.has(row))).toEqual([])
    const { user, realm, asked, device, of } = theirs
    await device.approve(theirs.open, asked.code)
    const redeemed = await of.payroll.redeem({ user, realm }, asked.transactionId)
    expect(redeemed.envelope.result.authentication).toBe('ACCEPT')
    const byPasskey = await theirs.passkey.login(of.payroll)
    expect(byPasskey.envelope.result.authentication).toBe('ACCEPT')
    const triggered = await d.fetch('/validate/triggerchallenge', {
      method: 'POST',
      headers: { Authorization: `Bearer ${theirs.bearer}` },
      body: new URLSearchParams({ user, realm }),
    })
    expect(triggered.status).toBe(200)
  })

  it('read what is theirs by the same requests', async () => {
    const told: string[] = []
    for (const route of routes.filter(({ method }) => method === 'GET')) {
      const response = await send(theirs.of.administrator, route, valuesOf(theirs, route))
      if ((await beginningOf(response)).includes(secretWord)) told.push(route.path)
    }
    expect(told).toEqual([
      '/application',
      '/application/:id/webhook',
      '/token',
      '/user',
      '/user/attribute',
      '/connector',
      '/policy',
      '/policy/:name',
      '/system',
      '/system/:key',
      '/smsgateway',
    ])
  })

  async function send(
    caller: Belongings['of']['payroll'],
    route: Route,
    values: Record<string, string>,
  ): Promise<Response> {
    const { method, path, who, surface, parts = {}, takes = {} } = route
    const value = (name: string) => values[name] ?? example(route, name)
    const address = path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(value(name)))
    if (surface === 'devices') return byDevice(method, address, who)
    const fields = Object.keys(takes)
      .filter((name) => !(name in parts) && value(name) !== '')
      .map((name) => [name, value(name)])
    if (surface !== 'openid') {
      const query = `${address}?${new URLSearchParams(fields)}`
      return method === 'GET'
        ? caller.raw(method, query)
        : caller.raw(method, address, Object.fromEntries(fields) as object)
    }
    const headers = { Authorization: who === 'bearer' ? `Bearer ${ours.bearer}` : ours.basic }
    return method === 'GET'
      ? d.fetch(`${address}?${new URLSearchParams(fields)}`, { headers })
      : d.fetch(address, { method, headers, body: new URLSearchParams(fields) })
  }

  /** Our device, which has heard everything about their challenge. */
  async function byDevice(method: string, address: string, who: Route['who']) {
    const { device } = ours
    const answer = { decision: 'approve', code: theirs.asked.code } as const
    const body =
      address === '/device/answers' ? { answer: await device.signAnswer(theirs.open, answer) } : {}
    const sent = method === 'GET' || method === 'DELETE' ? {} : { body: JSON.stringify(body) }
    return device.call(method, address, { ...sent, ...(who !== 'device' && { authorization: '' }) })
  }
})

/** The first of a stream that goes on; else everything. */
async function beginningOf(response: Response): Promise<string> {
  if (!response.headers.get('Content-Type')?.startsWith('text/event-stream')) return response.text()
  const reader = response.body!.getReader()
  const { value } = await reader.read()
  await reader.cancel()
  return new TextDecoder().decode(value)
}

/** Theirs, wherever something of theirs can be named. Secrets are not known, except those that an id is. */
function valuesOf(of: Belongings, { path, surface }: Route): Record<string, string> {
  const { user, realm, resolver, policy, gateway, connector, application, setting, asked } = of
  const [room] = path.split('/').slice(1)
  const ids = { application, connector, smsgateway: gateway, validate: asked.transactionId }
  const names = { policy, realm, resolver, smsgateway: gateway, connector, defaultrealm: realm }
  const keys = { application: of.key, system: setting, token: 'note', user: 'note' }
  return {
    ...{ user, realm, resolver, realms: realm, userid: of.userid, login_hint: user },
    ...{ transaction_id: asked.transactionId, webhook: of.webhook, message: of.message },
    ...{
      secret: of.secretId,
      token: of.bearer,
      request_uri: of.pushed,
      challenge: of.open.challenge,
    },
    username: room === 'application' || room === 'auth' ? of.account : user,
    id: ids[room as 'application'] ?? '',
    name: names[room as 'policy'] ?? '',
    key: keys[room as 'system'] ?? '',
    customer: of.of.id,
    file: path === '/audit/:file' ? 'trail.csv' : '',
    // Nothing waits, and nobody shows another's credentials beside their own.
    ...{
      wait: '',
      state: '',
      request: '',
      client_secret: '',
      client_assertion: '',
      client_assertion_type: '',
    },
    ...(surface === 'openid' && { client_id: '' }),
  }
}

/** Whoever reads asks for all that there is. */
function example({ method, parts = {}, takes = {} }: Route, name: string): string {
  const field = parts[name] ?? takes[name]
  if (method === 'GET' && !field?.required) return ''
  return String(field?.example ?? field?.choices?.[0] ?? (field?.required ? name : ''))
}
