/** Ids that carry their own route: whatever we did not make, or made for something else, wakes no object. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromBase64url, toBase64url } from '../../schema/encoding.ts'
import { sign } from '../../schema/jws.ts'
import { typ } from '../../schema/signing.ts'
import { ownerIdOf } from '../../worker/crypto/owner.ts'
import { random } from '../../worker/crypto/random.ts'
import { type OwnerId, type SealedKind, openId, sealId } from '../../worker/crypto/sealed-id.ts'
import { deploymentOf } from '../../worker/env.ts'
import { type VirtualDevice, deviceKeys } from '../support/virtual-device.ts'
import { type Deployment, clock, costOf, deployment, origin } from './deployment.ts'
import { askForSocket } from './socket.ts'

let d: Deployment
let time: ReturnType<typeof clock>
let user: string
let phone: VirtualDevice
let ownerId: OwnerId
beforeAll(async () => {
  time = clock()
  time.forward(86_400)
  d = await deployment()
  user = await d.person('ida')
  phone = await d.device(user)
  const row = await d.env.DB.prepare('select owner_id as ownerId from tokens where serial = ?')
    .bind(phone.serial)
    .first<{ ownerId: OwnerId }>()
  ownerId = row!.ownerId
})
afterAll(() => time.stop())

const now = () => Math.floor(Date.now() / 1000)
const masterOf = async () => (await deploymentOf(d.env)).master
const foreignMaster = () =>
  crypto.subtle.importKey('raw', random(32), 'HKDF', false, ['deriveBits', 'deriveKey'])
const seal = async (kind: SealedKind, master?: CryptoKey, at = now(), bound?: string) =>
  sealId(
    { master: master ?? (await masterOf()), kind, ...(bound !== undefined && { bound }) },
    ownerId,
    at,
    random,
  )

/** Each byte's last bit turned, one at a time. */
function forgeries(id: string): string[] {
  const bytes = fromBase64url(id)!
  return [0, 1, 4, 5, 12, 13, 28, 29, 44].map((place) => {
    const changed = bytes.slice()
    changed[place]! ^= 1
    return toBase64url(changed)
  })
}

/** What is no id of this kind, whoever asks with it. */
async function notIds(genuine: string, kind: SealedKind): Promise<Record<string, string>> {
  const others = (['transaction', 'challenge', 'enrolment', 'device'] as const).filter(
    (other) => other !== kind,
  )
  const forged = forgeries(genuine).map((id, index) => [`forged ${index}`, id] as const)
  const ofOthers = await Promise.all(
    others.map(async (other) => [`${other} id`, await seal(other)] as const),
  )
  return {
    ...Object.fromEntries(forged),
    ...Object.fromEntries(ofOthers),
    'of another deployment': await seal(kind, await foreignMaster()),
    'too short': genuine.slice(0, 59),
    'too long': `${genuine}A`,
    'only letters': 'x'.repeat(60),
    'not base64url': `${genuine.slice(0, 59)}*`,
    'one character': 'x',
  }
}
const tooOld = { transaction: 7200 + 301, challenge: 7200 + 301, enrolment: 86_400 + 1 }

/** Asks with each of them. @returns those that woke an object. */
async function wakers(
  ids: Record<string, string>,
  ask: (id: string) => Promise<unknown>,
): Promise<string[]> {
  const woke: string[] = []
  for (const [name, id] of Object.entries(ids)) {
    const { cost } = await costOf(d, () => ask(id))
    if (cost.objects > 0) woke.push(name)
  }
  return woke
}
const costsAnObject = async (ask: () => Promise<unknown>) =>
  expect((await costOf(d, ask)).cost.objects).toBeGreaterThan(0)

describe('a transaction id that is none', () => {
  const status = async (response: Promise<Response>) => {
    const given = await response
    await given.text()
    return given.status
  }
  const routes: Record<string, (id: string) => Promise<unknown>> = {
    'GET /validate/polltransaction/<id>': (id) => d.payroll.poll(id),
    'GET /validate/polltransaction?transaction_id': (id) =>
      status(d.fetch(`/validate/polltransaction?transaction_id=${encodeURIComponent(id)}`)),
    'GET /validate/polltransaction/<id>?wait': (id) => d.payroll.poll(id, 1),
    'GET /validate/events/<id>': (id) => status(d.fetch(`/validate/events/${id}`)),
    'POST /validate/check with transaction_id': (id) => d.payroll.redeem({ user }, id),
    'POST /validate/check with state': (id) => d.payroll.check({ user, pass: '', state: id }),
    'POST /validate/cancel': (id) => d.payroll.cancel(id),
    'POST /validate/resend': (id) => d.payroll.resend(id),
  }
  it.each(Object.entries(routes))('wakes no object at %s', async (_, ask) => {
    time.forward(3600)
    const { transactionId } = await d.payroll.ask({ user })
    const ids = {
      ...(await notIds(transactionId, 'transaction')),
      'long expired': await seal('transaction', undefined, now() - tooOld.transaction),
      'of three days ago': await seal('transaction', undefined, now() - 3 * 86_400),
    }
    expect(await wakers(ids, ask)).toEqual([])
    // Decided, so that no way of asking has anything to wait for.
    await phone.decline((await phone.list())[0]!, 'not_me')
    await costsAnObject(() => ask(transactionId))
  })

  it('is told the same as one that is over', async () => {
    for (const id of Object.values(await notIds(await seal('transaction'), 'transaction'))) {
      const { status: code, envelope } = await d.payroll.poll(id)
      expect([code, envelope.result.value, envelope.detail?.challenge_status]).toEqual([
        200,
        false,
        'pending',
      ])
      const redeemed = await d.payroll.redeem({ user }, id)
      expect(redeemed.envelope.detail?.message).toBe('wrong otp pin')
      expect((await d.payroll.cancel(id)).status).toBe(404)
      expect((await d.payroll.resend(id)).status).toBe(404)
    }
  })

  it("of another person does not wake this person's object to redeem it", async () => {
    const other = await d.person('other')
    await d.device(other)
    const theirs = await d.payroll.ask({ user: other })
    const { cost, given } = await costOf(d, () => d.payroll.redeem({ user }, theirs.transactionId))
    expect(cost.objects).toBe(0)
    expect(given.envelope.result.authentication).toBe('REJECT')
    expect(
      (await d.payroll.redeem({ user: other }, theirs.transactionId)).envelope.detail?.message,
    ).toBe('Response did not match the challenge.')
  })
})

describe('a challenge id that is none', () => {
  const routes: Record<string, (id: string) => Promise<unknown>> = {
    'GET /device/challenges/<id>': async (id) =>
      phone.call('GET', `/device/challenges/${encodeURIComponent(id)}`),
    'POST /device/answers': async (id) => {
      const answer = await phone.signAnswer({ challenge: id, jws: 'x' }, { decision: 'decline' })
      return phone.sendAnswer(answer).catch(() => undefined)
    },
  }
  it.each(Object.entries(routes))('wakes no object at %s', async (_, ask) => {
    const asked = await d.payroll.ask({ user })
    const challenge = (await phone.list())[0]!
    const other = await d.device(await d.person(`other${Math.random()}`))
    const { ownerId: stranger } = (await d.env.DB.prepare(
      'select owner_id as ownerId from tokens where serial = ?',
    )
      .bind(other.serial)
      .first<{ ownerId: OwnerId }>())!
    const ids = {
      ...(await notIds(challenge.challenge, 'challenge')),
      'of another person': await sealId(
        { master: await masterOf(), kind: 'challenge' },
        stranger,
        now(),
        random,
      ),
      'long expired': await seal('challenge', undefined, now() - tooOld.challenge),
    }
    expect(await wakers(ids, ask)).toEqual([])
    await costsAnObject(() => ask(challenge.challenge))
    expect(await phone.approve(challenge, asked.code)).toMatchObject({ outcome: 'accepted' })
  })
})

describe('a device id that is none', () => {
  const unsigned: [string, string, string?][] = [
    ['GET', '/device/challenges'],
    ['GET', '/device/challenges/x'],
    ['PUT', '/device/subscription', '{"subscription":null}'],
    ['PATCH', '/device', '{"name":"x"}'],
    ['DELETE', '/device'],
  ]
  type Header = { kid?: string; jwk?: VirtualDevice['publicKey']; key?: CryptoKey }
  const claims = (method: string, path: string, bodyHash: string) => ({
    aud: origin,
    method,
    path,
    bodyHash,
    iat: now(),
    jti: toBase64url(random(16)),
  })
  async function request(method: string, path: string, body: string | undefined, header: Header) {
    const { payload } = await partsOf(
      await phone.signRequest(method, path, body === undefined ? {} : { body }),
    )
    const signer = {
      kid: header.kid ?? phone.deviceId,
      jwk: header.jwk ?? phone.publicKey,
      key: header.key ?? phone.keys.privateKey,
    }
    const jws = await sign(
      typ.request,
      claims(method, path, (payload as { bodyHash: string }).bodyHash),
      signer,
    )
    const options = { authorization: `Countersign ${jws}`, ...(body !== undefined && { body }) }
    return phone.call(method, path, options)
  }
  const partsOf = async (jws: string) => ({
    payload: JSON.parse(new TextDecoder().decode(fromBase64url(jws.split('.')[1]!)!)) as object,
  })
  it('wakes no object on any route, whoever signs', async () => {
    const kids = await notIds(phone.deviceId, 'device')
    for (const [method, path, body] of unsigned)
      expect(await wakers(kids, (kid) => request(method, path, body, { kid }))).toEqual([])
    const ask = async (kid: string) => {
      const signer = { kid, jwk: phone.publicKey, key: phone.keys.privateKey }
      const hash = await crypto.subtle.digest('SHA-256', new Uint8Array())
      const empty = toBase64url(new Uint8Array(hash))
      return askForSocket(
        d,
        await sign(typ.request, claims('GET', '/device/socket', empty), signer),
      )
    }
    expect(await wakers(kids, ask)).toEqual([])
    const challenge = { challenge: await seal('challenge'), jws: 'x' }
    const answer = async (kid: string) => {
      const signed = (await partsOf(await phone.signAnswer(challenge, { decision: 'decline' })))
        .payload
      const signer = { kid, jwk: phone.publicKey, key: phone.keys.privateKey }
      return phone.sendAnswer(await sign(typ.answer, signed, signer)).catch(() => undefined)
    }
    expect(await wakers(kids, answer)).toEqual([])
    await costsAnObject(() => request('GET', '/device/challenges', undefined, {}))
    expect(await phone.list()).toEqual([])
  })

  it('wakes no object with another key, whether it is shown or hidden', async () => {
    const thief = await deviceKeys()
    const shown = (await crypto.subtle.exportKey('jwk', thief.publicKey)) as {
      x: string
      y: string
    }
    const jwk = { kty: 'EC', crv: 'P-256', x: shown.x, y: shown.y } as const
    for (const [method, path, body] of unsigned) {
      const { cost, given } = await costOf(d, () =>
        request(method, path, body, { key: thief.privateKey, jwk }),
      )
      expect([cost.objects, given.status]).toEqual([0, 401])
      expect(await given.json()).toMatchObject({ reason: 'unknown_device' })
      const hidden = await costOf(d, () => request(method, path, body, { key: thief.privateKey }))
      expect([hidden.cost.objects, hidden.given.status]).toEqual([0, 401])
      expect(await hidden.given.json()).toMatchObject({ reason: 'signature_refused' })
    }
    expect((await phone.call('GET', '/device/challenges')).status).toBe(200)
  })

  it('wakes no object where there is no signature at all', async () => {
    const genuine = await phone.signRequest('GET', '/device/challenges')
    const [header, payload] = genuine.split('.')
    const none = toBase64url(
      new TextEncoder().encode(
        JSON.stringify({
          alg: 'none',
          typ: typ.request,
          kid: phone.deviceId,
          jwk: phone.publicKey,
        }),
      ),
    )
    for (const authorization of [
      '',
      'Countersign',
      'Bearer x',
      `Bearer ${genuine}`,
      `Countersign ${header}.${payload}.`,
      `Countersign ${none}.${payload}.`,
      'Countersign a.b.c',
      `Countersign ${genuine.slice(0, -2)}`,
    ]) {
      const { cost, given } = await costOf(d, () =>
        phone.call('GET', '/device/challenges', { authorization }),
      )
      expect([authorization, cost.objects, given.status]).toEqual([authorization, 0, 401])
    }
    const options = { authorization: `Countersign ${genuine}` }
    expect((await phone.call('GET', '/device/challenges', options)).status).toBe(200)
  })
})

describe('an enrolment secret that is none', () => {
  it.each(['look', 'finish'])('wakes no object at POST /device/enrolment/%s', async (step) => {
    const { link } = await d.payroll.invite({ user })
    const secret = new URLSearchParams(new URL(link).hash.slice(1)).get('s')!
    const keys = await deviceKeys()
    const jwk = (await crypto.subtle.exportKey('jwk', keys.publicKey)) as JsonWebKey
    const signer = {
      key: keys.privateKey,
      jwk: { kty: 'EC', crv: 'P-256', x: jwk.x!, y: jwk.y! } as const,
    }
    const ask = async (proved: { secret?: string; code?: string }) => {
      const claims = { aud: origin, ...proved, deviceName: 'x', iat: now() }
      const body = step === 'look' ? proved : { proof: await sign(typ.enrolment, claims, signer) }
      return d.fetch(`/device/enrolment/${step}`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'Countersign-Protocol': '1' },
      })
    }
    const secrets = {
      ...(await notIds(secret, 'enrolment')),
      'long expired': await seal('enrolment', undefined, now() - tooOld.enrolment),
    }
    expect(await wakers(secrets, (id) => ask({ secret: id }))).toEqual([])
    const codes = {
      'nobody has it': 'ZZZZZZZZZZZZ',
      short: 'ABC',
      long: 'A'.repeat(13),
      no: 'UUUU',
    }
    expect(await wakers(codes, (code) => ask({ code }))).toEqual([])
    await costsAnObject(() => ask({ secret }))
  })
})

describe('ids of one person', () => {
  it('look as unrelated as those of two', async () => {
    const master = await masterOf()
    const stranger = await ownerIdOf(master, { kind: 'token', customer: 'default', serial: 'X' }, 0)
    const at = now()
    const made = async (owner: OwnerId) =>
      fromBase64url(await sealId({ master, kind: 'transaction' }, owner, at, random))!
    const [one, two, theirs] = [await made(ownerId), await made(ownerId), await made(stranger)]
    const equalBytes = (a: Uint8Array, b: Uint8Array) =>
      a.slice(5).filter((byte, index) => byte === b[index + 5]).length
    // Of forty random bytes a few may agree by chance; sixteen bytes of an owner would show.
    expect(equalBytes(one, two)).toBeLessThan(5)
    expect(equalBytes(one, theirs)).toBeLessThan(5)
    const owner = toBase64url(fromBase64url(ownerId)!)
    for (const id of [one, two]) expect(toBase64url(id)).not.toContain(owner.slice(1, -1))
    // Nor does one mask cover both: what one seals does not open the other.
    const xored = one.slice(13, 29).map((byte, index) => byte ^ two[index + 13]!)
    expect(xored.some((byte) => byte !== 0)).toBe(true)
  })

  it('open for their own purpose and for no other', async () => {
    const master = await masterOf()
    const kinds = ['transaction', 'challenge', 'enrolment', 'device'] as const
    for (const made of kinds)
      for (const asked of kinds) {
        const opened = await openId({ master, kind: asked }, await seal(made), now())
        expect(opened?.ownerId ?? null).toBe(made === asked ? ownerId : null)
      }
    const bound = await seal('device', undefined, now(), 'one key')
    expect(await openId({ master, kind: 'device', bound: 'another' }, bound, now())).toBeNull()
    expect(await openId({ master, kind: 'device', bound: 'one key' }, bound, now())).not.toBeNull()
  })
})

describe('the change of keys at midnight', () => {
  it("keeps yesterday's login going, and nothing older", async () => {
    time.toMs((Math.ceil(Date.now() / 86_400_000) * 86_400 - 5) * 1000)
    const asked = await d.payroll.ask({ user })
    const challenge = (await phone.list())[0]!
    time.forward(10)
    const today = await d.payroll.ask({ user })
    expect(today.transactionId.slice(0, 2)).not.toBe(asked.transactionId.slice(0, 2))
    expect((await d.payroll.poll(asked.transactionId)).envelope.detail?.challenge_status).toBe(
      'pending',
    )
    expect((await phone.look(challenge.challenge)).state).toBe('pending')
    expect((await phone.approve(challenge, asked.code)).outcome).toBe('accepted')
    expect((await d.payroll.redeem({ user }, asked.transactionId)).envelope.result.value).toBe(true)

    const master = await masterOf()
    const id = await seal('transaction')
    for (const [days, opens] of [
      [-1, true],
      [0, true],
      [1, true],
      [2, false],
      [256, false],
    ] as const) {
      const opened = await openId({ master, kind: 'transaction' }, id, now() + days * 86_400)
      expect([days, opened !== null]).toEqual([days, opens])
    }
    // A device keeps its id for as long as it lives.
    time.forward(400 * 86_400)
    expect(await phone.list()).toEqual([])
  })
})
