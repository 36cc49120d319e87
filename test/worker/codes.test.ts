/** The code: what it lets through, what a wrong one costs, and that nobody but the application and the person ever holds it. */
import { until } from '../support/until.ts'
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { fromBase64url, toBase64url, utf8 } from '../../schema/encoding.ts'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { type Deployment, clock, deployment } from './deployment.ts'
import { tablesOf } from './inside.ts'
import { objectOf } from './object.ts'
import { pushBox } from './push-box.ts'
import { openSocket } from './socket.ts'

let d: Deployment
let time: ReturnType<typeof clock>
beforeAll(async () => {
  time = clock()
  time.forward(86_400)
  d = await deployment()
})
afterAll(() => time.stop())

let people = 0
async function someone() {
  const user = await d.person(`coder${++people}`)
  return { user, phone: await d.device(user) }
}
const newest = async (phone: VirtualDevice) => (await phone.list())[0]!
const redeemed = async (user: string, id: string) =>
  (await d.payroll.redeem({ user }, id)).envelope.result.authentication
async function failCountOf({ serial }: VirtualDevice): Promise<number> {
  const { rows } = await objectOf(d, serial)
  const [row] = await rows<{ failCount: number }>(
    'select failCount from counter where serial = ?',
    serial,
  )
  return row?.failCount ?? 0
}
async function rightAgain(user: string, phone: VirtualDevice): Promise<void> {
  time.forward(3600)
  const asked = await d.payroll.ask({ user })
  const told = await phone.approve(await newest(phone), asked.code)
  expect(told).toEqual({ outcome: 'accepted', state: 'approved' })
  expect(await redeemed(user, asked.transactionId)).toBe('ACCEPT')
}
const other = (code: string) => (code[0] === 'Z' ? `Y${code.slice(1)}` : `Z${code.slice(1)}`)

describe('a code that is not the one shown', () => {
  const wrong: Record<string, (code: string) => string | undefined> = {
    missing: () => undefined,
    empty: () => '',
    'of one other character': other,
    'too short': (code) => code.slice(0, 3),
    'too long': (code) => `${code}0`,
    'twice itself': (code) => code + code,
    backwards: (code) => [...other(code)].toReversed().join(''),
    'with U, which the alphabet has not': (code) => `U${code.slice(1)}`,
    'in letters that only look like it': (code) => code.replace(/./, 'Ａ'),
    'a wildcard': () => '****',
  }
  it.each(Object.entries(wrong))('(%s) ends the challenge and counts once', async (_, spoil) => {
    const { user, phone } = await someone()
    const asked = await d.payroll.ask({ user })
    const challenge = await newest(phone)
    const answer = await phone.signAnswer(challenge, {
      decision: 'approve',
      ...(spoil(asked.code) !== undefined && { code: spoil(asked.code) }),
    })
    const told = { outcome: 'wrong_code', state: 'declined' }
    expect(await phone.sendAnswer(answer)).toEqual(told)
    expect(await phone.sendAnswer(answer)).toEqual(told)
    expect(await failCountOf(phone)).toBe(1)
    // No second guess, not even the right one.
    expect((await phone.approve(challenge, asked.code)).outcome).toBe('already_answered')
    expect(await phone.list()).toEqual([])
    expect(await redeemed(user, asked.transactionId)).toBe('DECLINED')
    expect(await failCountOf(phone)).toBe(1)
    await rightAgain(user, phone)
    expect(await failCountOf(phone)).toBe(0)
  })

  it('of another open transaction of the same person ends only the one it was typed for', async () => {
    const { user, phone } = await someone()
    const first = await d.payroll.ask({ user })
    const one = await newest(phone)
    const second = await d.payroll.ask({ user })
    const two = (await phone.list()).find(({ challenge }) => challenge !== one.challenge)!
    expect((await phone.approve(one, second.code)).outcome).toBe('wrong_code')
    expect((await phone.approve(two, second.code)).outcome).toBe('accepted')
    expect(await redeemed(user, first.transactionId)).toBe('DECLINED')
    expect(await redeemed(user, second.transactionId)).toBe('ACCEPT')
  })

  it('is not asked for with a decline, and a decline costs no failure', async () => {
    const { user, phone } = await someone()
    await d.payroll.ask({ user })
    expect(await phone.decline(await newest(phone), 'not_me')).toEqual({
      outcome: 'accepted',
      state: 'declined',
    })
    expect(await failCountOf(phone)).toBe(0)
    await rightAgain(user, phone)
  })
})

describe('a code as people type it', () => {
  const spellings: Record<string, (code: string) => string> = {
    'in lower case': (code) => code.toLowerCase(),
    'with blanks': (code) => ` ${code.slice(0, 2)} ${code.slice(2)} `,
    'with a hyphen': (code) => `${code.slice(0, 2)}-${code.slice(2)}`,
    'with O for 0': (code) => code.replaceAll('0', 'O'),
    'with o for 0 and i or l for 1': (code) =>
      code.toLowerCase().replaceAll('0', 'o').replace('1', 'i').replaceAll('1', 'l'),
  }
  it.each(Object.entries(spellings))('passes %s', async (_, spell) => {
    const { user, phone } = await someone()
    // Codes are random: ask until one has what this spelling changes.
    for (;;) {
      time.forward(3600)
      const asked = await d.payroll.ask({ user })
      const challenge = await newest(phone)
      if (spell(asked.code) === asked.code) {
        await phone.decline(challenge, 'cancelled')
        continue
      }
      expect((await phone.approve(challenge, spell(asked.code))).outcome).toBe('accepted')
      expect(await redeemed(user, asked.transactionId)).toBe('ACCEPT')
      return
    }
  })
})

describe('too many wrong codes', () => {
  it('lock the device that typed them, and no other', async () => {
    const { user, phone } = await someone()
    await env.DB.prepare('update tokens set max_fail_count = 2 where serial = ?')
      .bind(phone.serial)
      .run()
    // The next change of a token brings its limit to the object.
    await phone.rename('Pixel')
    for (let failure = 1; failure <= 2; failure++) {
      await d.payroll.ask({ user })
      expect((await phone.approve(await newest(phone), '****')).outcome).toBe('wrong_code')
      expect(await failCountOf(phone)).toBe(failure)
    }
    const refused = await d.payroll.trigger({ user })
    expect(refused.envelope.result.value).toBe(0)
    expect(refused.envelope.detail?.message).toBe('Failcounter exceeded')
    expect((await d.payroll.check({ user, pass: '' })).envelope.detail?.message).toBe(
      'Failcounter exceeded',
    )
    const response = await phone.call('GET', '/device/challenges')
    expect([response.status, await response.json()]).toEqual([
      403,
      expect.objectContaining({ reason: 'device_locked' }),
    ])
    const laptop = await d.device(user, { name: 'Laptop' })
    const listed = (await d.payroll.trigger({ user })).envelope.detail as { serial: string }
    expect(listed.serial).toBe(laptop.serial)
    await rightAgain(user, laptop)
    expect(await failCountOf(phone)).toBe(2)
  })

  it('are forgiven by one approval that is redeemed', async () => {
    const { user, phone } = await someone()
    for (let failure = 1; failure <= 9; failure++) {
      await d.payroll.ask({ user })
      await phone.approve(await newest(phone), '****')
    }
    expect(await failCountOf(phone)).toBe(9)
    await rightAgain(user, phone)
    expect(await failCountOf(phone)).toBe(0)
  })
})

describe('the secrecy of the code', () => {
  /** A code with two letters cannot turn up as a number. */
  async function askFor(user: string, phone: VirtualDevice) {
    for (;;) {
      const asked = await d.payroll.ask({ user })
      if ((asked.code.match(/[A-Z]/g) ?? []).length >= 2) return asked
      await phone.decline(await newest(phone), 'cancelled')
      time.forward(3600)
    }
  }

  /** Everything that is readable in a text: itself, and what its base64url parts hold, and theirs. */
  function readable(text: string, depth = 0): string[] {
    const inner = depth < 4 ? (text.match(/[A-Za-z0-9_-]{16,}/g) ?? []) : []
    const decoded = inner.flatMap((part) => {
      const bytes = fromBase64url(part)
      return bytes ? readable(new TextDecoder().decode(bytes), depth + 1) : []
    })
    return [text, ...decoded]
  }

  async function tracesOf(code: string): Promise<(text: string) => boolean> {
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(code)))
    const hex = [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    const base64 = btoa(String.fromCharCode(...hash)).replace(/=+$/, '')
    const hashes = [hex, hex.toUpperCase(), base64, toBase64url(hash)]
    const alone = new RegExp(`(?<![A-Za-z0-9_-])${code}(?![A-Za-z0-9_-])`, 'i')
    return (text) =>
      readable(text).some(
        (layer) => alone.test(layer) || hashes.some((trace) => layer.includes(trace)),
      )
  }

  const d1Texts = async (): Promise<Record<string, string>> => {
    const { results } = await env.DB.prepare(
      "select name from sqlite_master where type = 'table' and name not like '\\_cf%' escape '\\'",
    ).all<{ name: string }>()
    const texts: Record<string, string> = {}
    for (const { name } of results)
      texts[name] = JSON.stringify((await env.DB.prepare(`select * from "${name}"`).all()).results)
    return texts
  }
  const objectTexts = async (phone: VirtualDevice): Promise<Record<string, string>> =>
    Object.fromEntries(
      Object.entries(await tablesOf(await objectOf(d, phone.serial))).map(([name, rows]) => [
        name,
        JSON.stringify(rows),
      ]),
    )
  const places = (texts: Record<string, string>, traces: (text: string) => boolean): string[] =>
    Object.entries(texts)
      .filter(([, text]) => traces(text))
      .map(([name]) => name)

  it('is kept from start to end: nothing that is stored, pushed, sent to a device or printed tells it', async () => {
    const printed: string[] = []
    const spies = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) =>
      vi.spyOn(console, name).mockImplementation((...all: unknown[]) => {
        printed.push(all.map(String).join(' '))
      }),
    )
    const { user, phone } = await someone()
    const laptop = await d.device(user, { name: 'Laptop' })
    const box = await pushBox()
    await phone.subscribe(box.subscription)
    const socket = await openSocket(d, laptop)
    const asked = await askFor(user, phone)
    const traces = await tracesOf(asked.code)
    // The search itself finds what it looks for, however it is wrapped.
    expect(traces(toBase64url(utf8(JSON.stringify({ code: asked.code }))))).toBe(true)
    expect(traces(asked.message)).toBe(true)

    const challenge = await newest(phone)
    const pushed = await box.payloads(1)
    const polled = await d.payroll.poll(asked.transactionId)
    const seen = {
      pushed: JSON.stringify(pushed),
      heard: JSON.stringify(await socket.heard(1)),
      listed: JSON.stringify(await phone.overview()),
      looked: JSON.stringify(await phone.look(challenge.challenge)),
      polled: JSON.stringify(polled.envelope),
      delivered: JSON.stringify((await d.payroll.call('GET', '/delivery/')).envelope),
    }
    expect(pushed.length).toBeGreaterThan(0)
    expect(places(seen, traces)).toEqual([])
    expect(places(await d1Texts(), traces)).toEqual([])
    expect(places(await objectTexts(phone), traces)).toEqual([])

    const told = await phone.approve(challenge, asked.code)
    const after = await d.payroll.redeem({ user }, asked.transactionId)
    expect(after.envelope.result.value).toBe(true)
    // Spent, it is in one place: the answer that the device itself signed, kept as proof.
    await until('the receipt in D1', async () => places(await d1Texts(), traces).length > 0)
    expect(places(await objectTexts(phone), traces)).toEqual(['txn'])
    expect(places(await d1Texts(), traces)).toEqual(['receipts'])
    const { rows } = await objectOf(d, phone.serial)
    const [row] = await rows<{ answer: string }>(
      'select answer from txn where answer is not null and state = ?',
      'redeemed',
    )
    expect(traces(row!.answer)).toBe(true)
    const rest = await rows('select *, null as answer from txn')
    const bare = rest.map(({ answer: _, ...kept }) => kept)
    expect(traces(JSON.stringify(bare))).toBe(false)
    expect(traces(JSON.stringify(told) + JSON.stringify(await phone.overview()))).toBe(false)
    expect(traces(JSON.stringify(await box.payloads(pushed.length)))).toBe(false)
    for (const spy of spies) spy.mockRestore()
    expect(traces(printed.join('\n'))).toBe(false)
    socket.socket.close()
  })

  it('gives three hundred transactions codes of their own, from the whole alphabet', async () => {
    const { user, phone } = await someone()
    const codes = new Set<string>()
    const counts = new Map<string, number>()
    for (let round = 0; round < 10; round++) {
      const asked = await Promise.all(Array.from({ length: 30 }, () => d.payroll.ask({ user })))
      for (const { code } of asked) {
        codes.add(code)
        for (const character of code) counts.set(character, (counts.get(character) ?? 0) + 1)
      }
    }
    // 300 of a million: two alike are rare, many alike a fault.
    expect(codes.size).toBeGreaterThan(296)
    expect(counts.size).toBe(32)
    expect(await phone.list()).toHaveLength(20)
  })
})
