/** The owner's object may be torn down after any step, and its alarm may ring at any: nothing is lost, nothing happens twice. */
import { abortAllDurableObjects, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ChallengeCoordinator } from '../../worker/challenge/coordinator.ts'
import { ownerIdOf } from '../../worker/crypto/owner.ts'
import { deploymentOf } from '../../worker/env.ts'
import { deviceKeys, enrol, lookAtEnrolment } from '../support/virtual-device.ts'
import { type Deployment, clock, deployment } from './deployment.ts'
import { type Inside, type Row, agendaOf, tablesOf, untilForgotten } from './inside.ts'
import { objectOf } from './object.ts'
import { pause, until } from '../support/until.ts'
import { pushBox } from './push-box.ts'

let d: Deployment
let time: ReturnType<typeof clock>
beforeAll(async () => {
  time = clock()
  // Alarms are set in a time that never comes by itself: each rings only where a test rings it.
  time.forward(86_400)
  d = await deployment()
})
afterAll(() => time.stop())

let people = 0
async function someone() {
  const user = await d.person(`somebody${++people}`)
  const phone = await d.device(user)
  return { user, phone, object: await objectOf(d, phone.serial) }
}
type Someone = Awaited<ReturnType<typeof someone>>

const auditOf = async (user: string, action: string, table = 'audit'): Promise<number> => {
  const row = await env.DB.prepare(
    `select count(*) as count from ${table} where user = ? and action = ?`,
  )
    .bind(user, action)
    .first<{ count: number }>()
  return row?.count ?? 0
}
const statusOf = async (transactionId: string): Promise<string | undefined> =>
  (await d.payroll.poll(transactionId)).envelope.detail?.challenge_status
const authentication = async (user: string, transactionId: string): Promise<string | undefined> =>
  (await d.payroll.redeem({ user }, transactionId)).envelope.result.authentication

/** The whole job once more: whatever came before, it works. */
async function worksAgain({ user, phone }: Someone): Promise<void> {
  const asked = await d.payroll.ask({ user })
  const challenge = (await phone.list())[0]!
  expect((await phone.approve(challenge, asked.code)).outcome).toBe('accepted')
  expect(await authentication(user, asked.transactionId)).toBe('ACCEPT')
}

/** What may come between two steps. The second rings an alarm although nothing is due. */
const disturbances: Record<string, (object: Inside) => Promise<unknown>> = {
  'torn down': (object) => object.evict(),
  'woken by an early alarm': (object) => object.alarm(),
  killed: () => abortAllDurableObjects(),
}

describe.each(Object.entries(disturbances))('an object %s after every step', (_, disturb) => {
  it('still takes a login from the question to the redeemed approval, once', async () => {
    const { user, phone, object } = await someone()
    await disturb(object)
    const asked = await d.payroll.ask({ user })
    await disturb(object)
    expect(await statusOf(asked.transactionId)).toBe('pending')
    await disturb(object)
    const challenge = (await phone.list())[0]!
    await disturb(object)
    const answer = await phone.signAnswer(challenge, { decision: 'approve', code: asked.code })
    expect(await phone.sendAnswer(answer)).toEqual({ outcome: 'accepted', state: 'approved' })
    await disturb(object)
    expect(await phone.sendAnswer(answer)).toEqual({ outcome: 'accepted', state: 'approved' })
    expect(await statusOf(asked.transactionId)).toBe('accept')
    await disturb(object)
    expect(await authentication(user, asked.transactionId)).toBe('ACCEPT')
    await disturb(object)
    expect(await authentication(user, asked.transactionId)).toBe('REJECT')
    const anew = await objectOf(d, phone.serial)
    time.toMs((await agendaOf(anew)).alarmAtMs ?? 0)
    await anew.alarm()
    expect(await auditOf(user, 'redeem')).toBe(1)
  })

  it('keeps a decline and a cancellation what they are', async () => {
    const one = await someone()
    const declined = await d.payroll.ask({ user: one.user })
    await disturb(one.object)
    expect((await one.phone.decline((await one.phone.list())[0]!, 'not_me')).state).toBe('declined')
    await disturb(one.object)
    expect(await authentication(one.user, declined.transactionId)).toBe('DECLINED')

    const cancelled = await d.payroll.ask({ user: one.user })
    await disturb(one.object)
    expect((await d.payroll.cancel(cancelled.transactionId)).status).toBe(200)
    await disturb(one.object)
    expect(await statusOf(cancelled.transactionId)).toBe('declined')
    expect(await one.phone.list()).toEqual([])
    await worksAgain(one)
  })

  it('enrols one device, with the key that came first', async () => {
    const user = await d.person(`newcomer${++people}`)
    const { serial, link } = await d.payroll.invite({ user })
    const object = await objectOf(d, serial)
    await disturb(object)
    const secret = new URLSearchParams(new URL(link).hash.slice(1)).get('s')!
    expect((await lookAtEnrolment(d.server, { secret })).serial).toBe(serial)
    await disturb(object)
    const keys = await deviceKeys()
    const phone = await enrol(d.server, { invitation: link, keys })
    await disturb(object)
    expect((await enrol(d.server, { invitation: link, keys })).deviceId).toBe(phone.deviceId)
    await disturb(object)
    await expect(enrol(d.server, { invitation: link })).rejects.toThrow('enrolment_spent')
    await worksAgain({ user, phone, object })
  })

  it('knows a signed request, an Idempotency-Key and an open prompt again', async () => {
    const one = await someone()
    const { user, phone, object } = one
    const body = JSON.stringify({ name: 'Pixel 9' })
    const authorization = `Countersign ${await phone.signRequest('PATCH', '/device', { body })}`
    expect((await phone.call('PATCH', '/device', { body, authorization })).status).toBe(200)
    const headers = { 'Idempotency-Key': 'login-1' }
    const asked = await d.payroll.ask({ user }, { headers })
    expect(asked.notified).toBe(true)
    await disturb(object)
    const replay = await phone.call('PATCH', '/device', { body, authorization })
    expect(await replay.json()).toMatchObject({ reason: 'replayed' })
    expect(await d.payroll.ask({ user }, { headers })).toEqual(asked)
    expect((await d.payroll.ask({ user })).notified).toBe(false)
    await phone.rename('Pixel 9')
  })
})

describe('a caller that waits', () => {
  it('is let go when its object dies, and hears the answer when it asks again', async () => {
    const { user, phone } = await someone()
    const asked = await d.payroll.ask({ user })
    const failed = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const calls = d.cost.objects
    const waiting = d.payroll.poll(asked.transactionId, 20).catch(() => 'broken off')
    await until('a call that waits', () => d.cost.objects > calls)
    await pause(100)
    await abortAllDurableObjects()
    expect(await waiting).toBe('broken off')
    expect(failed).toHaveBeenCalledOnce()
    failed.mockRestore()
    const again = d.payroll.poll(asked.transactionId, 20)
    await phone.approve((await phone.list())[0]!, asked.code)
    expect((await again).envelope.detail?.challenge_status).toBe('accept')
    expect(await authentication(user, asked.transactionId)).toBe('ACCEPT')
  })
})

describe('the alarm', () => {
  it('expires what nobody answered at its second, and writes that down once', async () => {
    const { user, phone, object } = await someone()
    const asked = await d.payroll.ask({ user })
    const { due, alarmAtMs } = await agendaOf(object)
    const expiresAtMs = (Math.floor(Date.now() / 1000) + 120) * 1000
    expect(due['transactions']).toBe(expiresAtMs)
    expect(alarmAtMs).toBeLessThanOrEqual(expiresAtMs)
    time.toMs(expiresAtMs - 1)
    await object.alarm()
    expect(await object.rows('select state from txn')).toEqual([{ state: 'pending' }])
    time.toMs(expiresAtMs)
    expect(await object.alarm()).toBe(true)
    expect(await object.rows('select state from txn')).toEqual([{ state: 'expired' }])
    expect(await phone.list()).toEqual([])
    expect(await authentication(user, asked.transactionId)).toBe('REJECT')
    expect(await auditOf(user, 'expire')).toBe(1)
  })

  it('expires an approval that nobody redeemed', async () => {
    const one = await someone()
    const asked = await d.payroll.ask({ user: one.user })
    await one.phone.approve((await one.phone.list())[0]!, asked.code)
    time.forward(419)
    await one.object.alarm()
    expect(await statusOf(asked.transactionId)).toBe('accept')
    time.forward(1)
    await one.object.alarm()
    expect(await one.object.rows('select state from txn')).toEqual([{ state: 'expired' }])
    expect(await authentication(one.user, asked.transactionId)).toBe('REJECT')
    await worksAgain(one)
  })

  const lives: Record<string, (one: Someone) => Promise<unknown>> = {
    'nothing but an enrolment': async () => undefined,
    'a question nobody answered': ({ user }) => d.payroll.ask({ user }),
    'an approval nobody redeemed': async ({ user, phone }) => {
      const { code } = await d.payroll.ask({ user })
      await phone.approve((await phone.list())[0]!, code)
    },
    'a redeemed approval': worksAgain,
    'a decline': async ({ user, phone }) => {
      await d.payroll.ask({ user })
      await phone.decline((await phone.list())[0]!, 'not_me')
    },
    'a wrong code': async ({ user, phone }) => {
      await d.payroll.ask({ user })
      await phone.approve((await phone.list())[0]!, '****')
    },
    'a cancellation': async ({ user }) =>
      d.payroll.cancel((await d.payroll.ask({ user })).transactionId),
    'an Idempotency-Key': ({ user }) =>
      d.payroll.ask({ user }, { headers: { 'Idempotency-Key': 'once' } }),
    'a signed request': ({ phone }) => phone.rename('Tablet'),
    'a try of a PIN': ({ user }) => d.payroll.check({ user, pass: '4711' }),
  }
  it.each(Object.entries(lives))(
    'forgets everything some time after %s, and a later login works',
    async (_, live) => {
      const one = await someone()
      await live(one)
      expect(await untilForgotten(one.object, time)).toBeLessThan(12)
      expect(await tablesOf(one.object)).toEqual({})
      expect((await agendaOf(one.object)).alarmAtMs).toBeNull()
      await worksAgain(one)
    },
  )

  it('keeps a limit exactly as long as it is in force', async () => {
    const { user, object } = await someone()
    await d.payroll.ask({ user })
    time.forward(120)
    await object.alarm()
    // Expired and missed: remembered for a day from then.
    time.forward(86_399)
    while (((await agendaOf(object)).alarmAtMs ?? Infinity) <= Date.now()) await object.alarm()
    const quiet = "select value ->> 'misses' as misses from lapsing where kind = 'quiet'"
    expect(await object.rows(quiet)).toEqual([{ misses: 1 }])
    time.forward(1)
    await object.alarm()
    expect(await object.rows(quiet)).toEqual([])
  })

  it('sends a push again that the push service could not take, also from a new instance', async () => {
    const { user, phone, object } = await someone()
    const box = await pushBox()
    await phone.subscribe(box.subscription)
    await box.answerNext({ status: 503 }, { status: 503 })
    await d.payroll.ask({ user })
    for (let attempt = 1; attempt <= 3; attempt++) {
      await box.messages(attempt)
      expect(await box.received()).toHaveLength(attempt)
      if (attempt === 3) break
      await object.evict()
      time.toMs((await agendaOf(object)).alarmAtMs ?? 0)
      await object.alarm()
    }
    expect((await tablesOf(object))['push']).toEqual([])
    expect((await agendaOf(object)).due).not.toHaveProperty('pushes')
  })

  it('loses nothing when it dies halfway: the push and the outbox are still due', async () => {
    const one = await someone()
    const box = await pushBox()
    await one.phone.subscribe(box.subscription)
    await box.answerNext({ status: 503 }, { status: 201, delayMs: 2000 })
    await withoutAudit(async () => {
      await d.payroll.ask({ user: one.user })
      await until('the push service has refused', async () => {
        const [push] = await one.object.rows<Row>('select nextAtMs from push')
        return push?.['nextAtMs'] === Date.now() + 1000
      })
    })
    time.forward(60)
    const dying = one.object.alarm().catch(() => 'died')
    await box.messages(2)
    await abortAllDurableObjects()
    expect(await dying).toBe('died')
    const anew = await objectOf(d, one.phone.serial)
    // The runtime rings an alarm again whose handler died.
    await runInDurableObject(anew.stub, (instance) => (instance as ChallengeCoordinator).alarm())
    for (let rung = 0; rung < 3 && (await box.received()).length < 3; rung++) {
      const { alarmAtMs } = await agendaOf(anew)
      time.toMs(Math.max(Date.now(), alarmAtMs ?? 0))
      await anew.alarm()
    }
    expect(await box.received()).toHaveLength(3)
    expect(await one.phone.list()).toHaveLength(1)
    time.toMs((await agendaOf(anew)).due['outbox'] ?? Date.now())
    await anew.alarm()
    expect(await auditOf(one.user, 'trigger')).toBe(1)
  })
})

/** D1 refuses what the object's outbox brings: one of its tables is away. */
async function withoutAudit(work: () => Promise<unknown>): Promise<void> {
  await env.DB.prepare('alter table audit rename to audit_away').run()
  try {
    await work()
  } finally {
    await env.DB.prepare('alter table audit_away rename to audit').run()
  }
}

describe('the outbox', () => {
  const actions = ['trigger', 'answer', 'redeem']
  const kinds = [['audit'], ['audit'], ['uses', 'receipt', 'audit']]

  it('is written to D1 once although D1 failed at first, and nobody waited for it', async () => {
    const { user, phone, object } = await someone()
    await withoutAudit(async () => {
      const asked = await d.payroll.ask({ user })
      await phone.approve((await phone.list())[0]!, asked.code)
      expect(await authentication(user, asked.transactionId)).toBe('ACCEPT')
      time.toMs((await agendaOf(object)).alarmAtMs ?? 0)
      await object.alarm()
      for (const action of actions) expect(await auditOf(user, action, 'audit_away')).toBe(0)
      await object.evict()
      const waiting = await object.rows<{ events: string }>('select events from outbox order by id')
      const kindsOf = (events: string) =>
        (JSON.parse(events) as { kind: string }[]).map(({ kind }) => kind)
      expect(waiting.map(({ events }) => kindsOf(events))).toEqual(kinds)
    })
    time.toMs((await agendaOf(object)).due['outbox'] ?? 0)
    await object.alarm()
    expect(await object.rows('select * from outbox')).toEqual([])
    expect((await agendaOf(object)).due).not.toHaveProperty('outbox')
    for (const action of actions) expect(await auditOf(user, action)).toBe(1)
  })

  it('changes nothing in D1 when it is drained twice', async () => {
    const { user, phone, object } = await someone()
    let rows: Row[] = []
    await withoutAudit(async () => {
      const asked = await d.payroll.ask({ user })
      await phone.approve((await phone.list())[0]!, asked.code)
      await authentication(user, asked.transactionId)
      rows = await object.rows('select * from outbox order by id')
    })
    expect(rows).toHaveLength(kinds.length)
    time.toMs((await agendaOf(object)).due['outbox'] ?? Date.now())
    await object.alarm()
    const written = await env.DB.prepare('select * from audit where user = ?').bind(user).all()
    expect(written.results.map(({ action }) => action).slice(-3)).toEqual(actions)
    // D1 had committed and the object died before it heard of it.
    for (const { events, madeAt } of rows)
      await object.rows(
        'insert into outbox (events, madeAt, nextAtMs) values (?, ?, 0)',
        events!,
        madeAt!,
      )
    await object.evict()
    await runInDurableObject(object.stub, async (instance) => {
      const coordinator = instance as ChallengeCoordinator
      await Promise.all([coordinator.alarm(), coordinator.alarm()])
    })
    expect(await object.rows('select * from outbox')).toEqual([])
    const again = await env.DB.prepare('select * from audit where user = ?').bind(user).all()
    expect(again.results).toEqual(written.results)
    const receipts = await env.DB.prepare('select count(*) as count from receipts where serial = ?')
      .bind(phone.serial)
      .first()
    expect(receipts).toEqual({ count: 1 })
  })
})

describe('fail counters', () => {
  const failCountOf = async (serial: string): Promise<unknown> => {
    const { envelope } = await d.payroll.token(serial)
    const value = envelope.result.value as { tokens: { failcount: number }[] }
    return value.tokens[0]?.failcount
  }

  it('survive an eviction and the day the object forgets everything', async () => {
    const one = await someone()
    const { serial } = one.phone
    await d.payroll.ask({ user: one.user })
    expect((await one.phone.approve((await one.phone.list())[0]!, '****')).outcome).toBe(
      'wrong_code',
    )
    expect(await failCountOf(serial)).toBe(1)
    await one.object.evict()
    expect(await failCountOf(serial)).toBe(1)
    await untilForgotten(one.object, time)
    expect(await tablesOf(one.object)).toEqual({})
    expect(await failCountOf(serial)).toBe(1)
    await d.payroll.ask({ user: one.user })
    await one.phone.approve((await one.phone.list())[0]!, '****')
    expect(await failCountOf(serial)).toBe(2)
    await worksAgain(one)
    expect(await failCountOf(serial)).toBe(0)
    await untilForgotten(one.object, time)
    expect(await failCountOf(serial)).toBe(0)
  })
})

describe('storage', () => {
  it('of a form from before the first release is made anew: what must last is in D1', async () => {
    const one = await someone()
    const newest = await one.object.rows('select version from _schema')
    for (const [version, tables] of [
      [5, 'create table txn (id text); create table outbox (id integer primary key)'],
      [0, ''],
    ] as const) {
      await runInDurableObject(one.object.stub, async (_, { storage }) => {
        await storage.deleteAll()
        storage.sql.exec(`create table _schema (version integer not null); ${tables}`)
        storage.sql.exec('insert into _schema values (?)', version)
      })
      await one.object.evict()
      await worksAgain(one)
      expect(await one.object.rows('select version from _schema')).toEqual(newest)
    }
    await untilForgotten(one.object, time)
  })

  it('of a later form, which newer code has made during a deploy, is used and left as it is', async () => {
    const one = await someone()
    await worksAgain(one)
    await one.object.rows('update _schema set version = version + 1')
    const later = await one.object.rows('select version from _schema')
    await one.object.evict()
    await worksAgain(one)
    expect(await one.object.rows('select version from _schema')).toEqual(later)
  })

  it('is not made for a person without tokens, however often somebody asks', async () => {
    const user = `nobody${++people}`
    const person = (await d.payroll.createUser({ user })).envelope.result.value as string
    for (const pass of ['', '1234']) await d.payroll.check({ user, pass })
    expect((await d.payroll.trigger({ user })).envelope.result.value).toBe(0)
    const { master } = await deploymentOf(env)
    const owner = { kind: 'person', customer: 'default', realm: 'default', person } as const
    const id = env.COORDINATOR.idFromName(await ownerIdOf(master, owner, 0))
    expect(await tablesOf({ stub: env.COORDINATOR.get(id) })).toEqual({})
    await d.device(user)
    expect((await d.payroll.trigger({ user })).envelope.result.value).toBe(1)
  })

  it('is not made for a device that only looks', async () => {
    const one = await someone()
    await untilForgotten(one.object, time)
    expect(await one.phone.list()).toEqual([])
    await one.object.evict()
    expect(await one.phone.list()).toEqual([])
    expect(await tablesOf(one.object)).toEqual({})
    await worksAgain(one)
    await untilForgotten(one.object, time)
    expect(await tablesOf(one.object)).toEqual({})
  })
})
