/**
 * Random requests, half right and half wrong: none makes a 5xx, and each refusal is in the words of its surface. The seed is
 * in every failure; `FUZZ_SEED=<seed>` repeats the run.
 */
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import * as v from 'valibot'
import { Problem } from '../../schema/device.ts'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { adminPassword, deployment, origin } from './deployment.ts'
import { type Route, inForm, inJson, protocol, routes, strangeValues } from './hostile.ts'

const requests = Number(env.TEST_FUZZ.requests)
const seed = Number(env.TEST_FUZZ.seed || crypto.getRandomValues(new Uint32Array(1))[0])

/** mulberry32: small, and the same everywhere. */
function dice(state: number) {
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    below,
    chance: (probability: number) => next() < probability,
    one: <T>(of: readonly T[]): T => of[below(of.length)]!,
    text: () =>
      Array.from({ length: below(40) }, () => String.fromCodePoint(below(0x3ff))).join(''),
    bytes: () => Uint8Array.from({ length: below(200) }, () => below(256)),
  }
}
type Dice = ReturnType<typeof dice>

/** Flips, drops or doubles a character. */
function bent(roll: Dice, text: string): string {
  const at = roll.below(text.length + 1)
  return roll.one([
    `${text.slice(0, at)}${text.slice(at + 1)}`,
    `${text.slice(0, at)}${text.slice(at - 1)}`,
    `${text.slice(0, at)}${roll.one(['A', '%', '\\', '"', '.', '\u00e9', '0'])}${text.slice(at + 1)}`,
  ])
}

/** Header values take visible characters only. */
const asHeader = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').trim()

const Failed = v.looseObject({
  result: v.strictObject({
    error: v.strictObject({ code: v.number(), message: v.string() }),
    status: v.literal(false),
  }),
})

it(`${requests} random requests make no 5xx`, { timeout: 3_600_000 }, async () => {
  const d = await deployment()
  const roll = dice(seed)
  await d.set({ blockingWaitSeconds: 1 })
  const user = await d.person('fuzzed')
  const phone = await d.device(user)
  const { envelope } = await d.payroll.auth('admin', adminPassword)
  const token = (envelope.result.value as { token: string }).token
  const invited = await d.payroll.invite({ user })
  const asked = await d.payroll.ask({ user })
  const [open] = await phone.list()
  const known: string[] = [
    user,
    phone.serial,
    phone.deviceId,
    asked.transactionId,
    asked.code,
    open!.challenge,
    open!.jws,
    invited.serial,
    invited.code,
    invited.link,
    origin,
  ]
  const value = (): unknown =>
    roll.chance(0.4)
      ? roll.one(strangeValues)
      : roll.chance(0.5)
        ? roll.one(known)
        : roll.chance(0.5)
          ? bent(roll, roll.one(known))
          : roll.text()

  const statuses = new Map<number, number>()
  for (let made = 0; made < requests; made++) {
    const { path, init } = await request({ roll, value, known, phone, token })
    const what = `seed ${seed}, request ${made}: ${init.method} ${path.slice(0, 200)}`
    const response = await d.fetch(origin + path, init)
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
    expect(response.status, what).toBeLessThan(500)
    if (response.status < 400 || init.method === 'HEAD') {
      response.webSocket?.accept()
      response.webSocket?.close()
      await response.body?.cancel()
    } else {
      const shape = path.startsWith('/device') ? Problem : Failed
      const body = v.safeParse(shape, await response.json())
      expect(body.success, what).toBe(true)
    }
  }
  // A run that is all refusals, or all answers, would show little.
  if (requests >= 300) {
    expect(statuses.get(200), `seed ${seed}`).toBeGreaterThan(requests / 50)
    expect(statuses.get(400), `seed ${seed}`).toBeGreaterThan(requests / 10)
    expect(statuses.get(401), `seed ${seed}`).toBeGreaterThan(0)
  }
  // Among the requests are an administrator's, who may have deleted any of what was there: the server goes on all the same.
  expect((await d.fetch('/healthz/readyz')).status).toBe(200)
  expect((await d.payroll.auth('admin', adminPassword)).status).toBe(200)
})

type Making = {
  roll: Dice
  value: () => unknown
  known: string[]
  phone: VirtualDevice
  token: string
}

async function request({ roll, value, known, phone, token }: Making) {
  const route: Route = roll.one(routes)
  const method = roll.chance(0.85)
    ? route.method
    : roll.one(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
  const fields: Record<string, unknown> = {}
  for (const field of [...route.fields, 'x']) if (roll.chance(0.7)) fields[field] = value()
  let path = route.path.endsWith('/x') ? route.path.replace(/x$/, roll.one(known)) : route.path
  if (roll.chance(0.1)) path = `/${bent(roll, path.slice(1))}`
  path = path.replace(/[^\x21-\x7e]|[?#\\]/g, (character) => encodeURIComponent(character))
  if (roll.chance(0.3)) path += `?${String(inForm(fields).body)}`
  const { body, headers } = roll.one([inJson, inForm])(fields)
  const init: RequestInit & { method: string; headers: Record<string, string> } = {
    method,
    headers: { ...headers, ...protocol },
  }
  if (!['GET', 'HEAD'].includes(method))
    init.body = roll.chance(0.7) ? body : roll.chance(0.5) ? bent(roll, String(body)) : roll.bytes()
  if (roll.chance(0.1)) init.headers['content-type'] = asHeader(roll.text())
  if (roll.chance(0.1)) init.headers['countersign-protocol'] = asHeader(roll.text())
  if (roll.chance(0.1)) init.headers['idempotency-key'] = asHeader(roll.text())
  if (route.path === '/device/socket' && roll.chance(0.7)) {
    const jws = await phone.signRequest('GET', '/device/socket')
    Object.assign(init.headers, {
      upgrade: 'websocket',
      origin,
      'sec-websocket-protocol': `countersign.v1, ${roll.chance(0.5) ? jws : asHeader(bent(roll, jws))}`,
    })
  }
  if (roll.chance(0.8)) {
    // DELETE is left unsigned: the device is needed to the end.
    const own =
      route.surface === 'application'
        ? token
        : `Countersign ${await phone.signRequest(method === 'DELETE' ? 'GET' : method, path, {
            body: typeof init.body === 'string' ? init.body : '',
            ...(roll.chance(0.2) && {
              spoilt: { [roll.one(['aud', 'iat', 'jti', 'path'])]: value() },
            }),
          })}`
    init.headers.authorization = roll.chance(0.85) ? own : asHeader(bent(roll, own))
  }
  return { path, init }
}
