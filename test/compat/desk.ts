/**
 * What an administrator prepares for a plugin's test: a realm of the file's own with its policies, people with PINs, phones,
 * codes, a service account and a key. Over the API, as administrators do it.
 */
import { createHmac } from 'node:crypto'
import { application } from '../support/application.ts'
import { phoneKeys } from '../support/stock-phone-keys.ts'
import { type StockChallenge, StockPhone, type StockPhoneOptions } from '../support/stock-phone.ts'
import { until } from '../support/until.ts'
import { type VirtualDevice, enrol } from '../support/virtual-device.ts'
import type { CompatServer } from './servers.ts'

export type Desk = Awaited<ReturnType<typeof openDesk>>
export type Account = { username: string; password: string }

export async function openDesk(
  server: CompatServer,
  realm: string,
  /** Whether phones may be enrolled there. */
  { phones = true } = {},
) {
  const administrator = application({ url: server.at, token: server.token })

  /** Phones know the public address; here it leads to where the server listens. */
  const fetchHere = (address: string, init: RequestInit): Promise<Response> =>
    fetch(address.replace(server.publicUrl, server.at), init)

  async function must(method: string, path: string, body?: object): Promise<unknown> {
    const { status, envelope } = await administrator.call(method, path, body)
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(envelope)}`)
    return envelope.result.value
  }

  await must('POST', `/resolver/${realm}`, { type: 'local' })
  await must('POST', `/realm/${realm}`, { resolvers: realm })

  const policy = (name: string, scope: string, action: Record<string, unknown>): Promise<unknown> =>
    must('POST', `/policy/${realm}_${name}`, { scope, action, active: true, realm })

  if (phones) await policy('phones', 'enrollment', { push_firebase_configuration: 'poll only' })

  return {
    ...server,
    realm,
    administrator,
    must,
    policy,
    unpolicy: (name: string) => must('DELETE', `/policy/${realm}_${name}`),

    async person(user: string, password = '') {
      await must('POST', '/user/', { user, resolver: realm, password, givenname: user })
      return { user, realm }
    },

    /** Enrols a phone, without a PIN unless one is told: hashing is what takes time here. */
    async phone(
      user: string,
      { pin = '', ...options }: StockPhoneOptions & { pin?: string } = {},
    ): Promise<StockPhone> {
      const { status, envelope } = await administrator.initToken({ user, realm, pin })
      const link = (envelope.detail?.pushurl as { value?: string } | undefined)?.value
      if (link === undefined) throw new Error(`no phone: ${status} ${JSON.stringify(envelope)}`)
      const phone = await StockPhone.enrol(link, fetchHere, {
        ...(options.bits === undefined && { keys: await sharedKeys }),
        ...options,
      })
      if (phone.enrolled.status !== 200)
        throw new Error(`not enrolled: ${JSON.stringify(phone.enrolled)}`)
      return phone
    },

    /** A device of our own app, which signs and takes a typed code. */
    async device(user: string, name = 'Virtual device'): Promise<VirtualDevice> {
      const { status, envelope } = await administrator.initToken({ user, realm })
      const invitation = envelope.detail?.enrolment_url
      if (invitation === undefined)
        throw new Error(`no device: ${status} ${JSON.stringify(envelope)}`)
      return enrol({ origin: server.publicUrl, fetch: fetchHere }, { invitation, deviceName: name })
    },

    /** A TOTP token with a known seed. @returns its serial and what it shows. */
    async totp(user: string, pin = '1234') {
      const seed = '3132333435363738393031323334353637383930'
      const { envelope } = await administrator.initToken({
        type: 'totp',
        genkey: undefined,
        otpkey: seed,
        user,
        realm,
        pin,
      })
      const serial = envelope.detail?.serial
      if (serial === undefined) throw new Error(`no token: ${JSON.stringify(envelope)}`)
      return { serial, code: (stepsAhead = 0) => totp(Buffer.from(seed, 'hex'), stepsAhead) }
    },

    /** A service account of an application of its own, and a key for the same. */
    async application(name: string, rights: string[]): Promise<Account & { apiKey: string }> {
      const id = `${realm}-${name}`
      await must('POST', `/application/${id}`, { name })
      const account = { username: `${realm}-${name}`, password: 'service-account-24-letters' }
      await must('POST', `/application/${id}/account`, { ...account, rights })
      const key = (await must('POST', `/application/${id}/key`, { rights })) as { api_key: string }
      return { ...account, apiKey: key.api_key }
    },
  }
}

/** One key for the phones of a file: making one takes longer than all that is tested with it. */
const sharedKeys = phoneKeys(2048)

/** What the phone shows first, as soon as there is something. */
export const firstOf = (phone: StockPhone): Promise<StockChallenge> =>
  until('a challenge on the phone', async () => (await phone.poll())[0])

/** RFC 6238, six digits, SHA-1. */
export function totp(seed: Buffer, stepsAhead = 0): string {
  const step = BigInt(Math.floor(Date.now() / 30_000) + stepsAhead)
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(step)
  const digest = createHmac('sha1', seed).update(counter).digest()
  const at = digest[19]! & 15
  return String((digest.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}
