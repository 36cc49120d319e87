/**
 * The privacyIDEA Authenticator app, played: it reads an enrolment code, makes its RSA key, asks for open challenges, checks
 * each one's signature before it shows it, and answers. In four generations, because phones are not updated when servers
 * are. It runs in Node and in workerd, takes `fetch` as an argument, and a test may sign or send whatever else it likes.
 */
import * as v from 'valibot'
import {
  canonical,
  isSigned,
  phoneKeys,
  publicKeyText,
  serverKey,
  signed,
} from './stock-phone-keys.ts'
import { type StockLink, readStockLink } from './stock-phone-link.ts'

/**
 * nonceless: the first app, which answers without naming the challenge and whose clock has no zone. nonce: names it.
 * capabilities: reads what a server can do and insists on its signature. reasons: says why it declines, where the server can hear it.
 */
export const generations = ['nonceless', 'nonce', 'capabilities', 'reasons'] as const
export type Generation = (typeof generations)[number]
export type DeclineReason = 'unknown_trigger' | 'cancelled'

type Fetch = (address: string, init: RequestInit) => Promise<Response>
export type StockPhoneOptions = {
  generation?: Generation
  /** Of the key. The app takes 4096. */
  bits?: number
  keys?: CryptoKeyPair
  /** Otherwise it polls only. */
  fbtoken?: string
  /** As the iOS app does, to be asked for network access at a good moment. */
  emptyPostFirst?: boolean
  /** Some apps send base64 that survives a URL, some let + become a blank. */
  keyText?: (base64: string) => string
  nowMs?: () => number
}

const Envelope = v.looseObject({
  result: v.looseObject({
    status: v.boolean(),
    value: v.optional(v.unknown()),
    error: v.optional(v.object({ code: v.number(), message: v.string() })),
  }),
  detail: v.optional(v.nullable(v.record(v.string(), v.unknown()))),
})
export type PhoneReply = { status: number; envelope: v.InferOutput<typeof Envelope> }

/** What the app needs of a challenge; whatever lacks one of them is no challenge to it. */
const Challenge = v.looseObject({
  nonce: v.string(),
  url: v.string(),
  serial: v.string(),
  question: v.string(),
  title: v.string(),
  sslverify: v.picklist(['0', '1']),
  signature: v.string(),
  require_presence: v.optional(v.string()),
  version: v.optional(v.string()),
  capabilities: v.optional(v.string()),
  capabilities_signature: v.optional(v.string()),
})
export type StockChallenge = v.InferOutput<typeof Challenge>

export class StockPhone {
  readonly link: StockLink
  readonly generation: Generation
  readonly keys: CryptoKeyPair
  /** What step 2 was answered. */
  readonly enrolled: PhoneReply
  /** Challenges that came and were not shown, and why. */
  readonly dropped: { challenge: unknown; why: string }[] = []
  readonly #fetch: Fetch
  readonly #nowMs: () => number
  readonly #server: CryptoKey | null

  private constructor(parts: {
    link: StockLink
    generation: Generation
    keys: CryptoKeyPair
    enrolled: PhoneReply
    server: CryptoKey | null
    fetch: Fetch
    nowMs: () => number
  }) {
    this.link = parts.link
    this.generation = parts.generation
    this.keys = parts.keys
    this.enrolled = parts.enrolled
    this.#server = parts.server
    this.#fetch = parts.fetch
    this.#nowMs = parts.nowMs
  }

  get serial(): string {
    return this.link.serial
  }

  /** Scans the code and does step 2. Look at `enrolled` before going on: a refusal throws nothing. */
  static async enrol(
    text: string,
    fetch: Fetch,
    options: StockPhoneOptions = {},
  ): Promise<StockPhone> {
    const { generation = 'reasons', bits = 2048, nowMs = Date.now, keyText = String } = options
    const link = readStockLink(text)
    const keys = options.keys ?? (await phoneKeys(bits))
    if (options.emptyPostFirst) await post(fetch, link.url, {})
    const enrolled = await post(fetch, link.url, {
      enrollment_credential: link.credential,
      serial: link.serial,
      fbtoken: options.fbtoken ?? 'no_firebase_token',
      pubkey: keyText(await publicKeyText(keys.publicKey)),
      ...(generation === 'reasons' && { capabilities: '["decline_reason"]' }),
    })
    const key = enrolled.envelope.detail?.public_key
    const server = typeof key === 'string' ? await serverKey(key) : null
    return new StockPhone({ link, generation, keys, enrolled, server, fetch, nowMs })
  }

  /** @returns the open challenges that the app would show. */
  async poll(): Promise<StockChallenge[]> {
    const { status, envelope } = await this.pollRaw()
    if (status !== 200 || !Array.isArray(envelope.result.value))
      throw new Error(`the poll failed: ${status} ${JSON.stringify(envelope)}`)
    const shown: StockChallenge[] = []
    for (const challenge of envelope.result.value as unknown[]) {
      const why = await this.faultOf(challenge)
      if (why === null) shown.push(challenge as StockChallenge)
      else this.dropped.push({ challenge, why })
    }
    return shown
  }

  /** The answer to a poll as it came. */
  async pollRaw(spoilt: Record<string, string> = {}): Promise<PhoneReply> {
    const { serial } = this
    const timestamp = this.#timestamp()
    const signature = await this.sign(`${serial}|${timestamp}`)
    const query = new URLSearchParams({ serial, timestamp, signature, ...spoilt })
    return reply(await this.#fetch(`${this.link.url}?${query}`, { method: 'GET' }))
  }

  /** @returns null where the app would show it. Public, because a challenge may also come by push message. */
  async faultOf(given: unknown): Promise<string | null> {
    const parsed = v.safeParse(Challenge, given)
    if (!parsed.success) return `not a challenge: ${parsed.issues[0].message}`
    const one = parsed.output
    if (one.serial !== this.serial) return 'for another token'
    // The app signs over its own spelling of the address: lower case host, no default port.
    if (
      !URL.canParse(one.url) ||
      new URL(one.url).href.replace(/\/$/, '') !== one.url.replace(/\/$/, '')
    )
      return 'the address is not normalised'
    if (!this.#server) return 'the server never gave its key'
    const { nonce, url, serial, question, title, sslverify, require_presence: presence } = one
    const fields = [nonce, url, serial, question, title, sslverify]
    if (presence !== undefined) fields.push(presence)
    if (!(await isSigned(this.#server, fields.join('|'), one.signature))) return 'wrong signature'
    const { capabilities, capabilities_signature: signature } = one
    const reads = this.generation === 'capabilities' || this.generation === 'reasons'
    if (!reads || capabilities === undefined || signature === undefined) return null
    const bytes = canonical({ capabilities: JSON.parse(capabilities) as unknown, nonce })
    return (await isSigned(this.#server, bytes, signature)) ? null : 'wrong capabilities_signature'
  }

  accept(challenge: StockChallenge): Promise<PhoneReply> {
    return this.answer(challenge, {})
  }

  /** The person taps one of the options. */
  presence(challenge: StockChallenge, pick: string): Promise<PhoneReply> {
    return this.answer(challenge, { presence_answer: pick })
  }

  /** The reason is sent only by an app that knows it, to a server that says that it does. */
  decline(challenge: StockChallenge, reason?: DeclineReason): Promise<PhoneReply> {
    const understood =
      this.generation === 'reasons' && this.capabilitiesOf(challenge).decline_reason === true
    return this.answer(challenge, {
      decline: '1',
      ...(reason !== undefined && understood && { decline_reason: reason }),
    })
  }

  capabilitiesOf(challenge: StockChallenge): Record<string, unknown> {
    const { capabilities, capabilities_signature: signature } = challenge
    if (capabilities === undefined || signature === undefined) return {}
    return JSON.parse(capabilities) as Record<string, unknown>
  }

  /** @param fields are signed as they are; `instead` takes the place of what is sent. */
  async answer(
    { nonce, url }: StockChallenge,
    fields: { decline?: string; decline_reason?: string; presence_answer?: string },
    instead: Record<string, string> = {},
  ): Promise<PhoneReply> {
    const { decline, decline_reason: reason, presence_answer: pick } = fields
    const text = [nonce, this.serial, decline && 'decline', reason, pick].filter(Boolean).join('|')
    return post(this.#fetch, url, {
      ...(this.generation !== 'nonceless' && { nonce }),
      serial: this.serial,
      ...fields,
      signature: await this.sign(text),
      ...instead,
    })
  }

  /** Firebase gave the app another token. */
  async updateFbToken(token: string, spoilt: Record<string, string> = {}): Promise<PhoneReply> {
    const { serial } = this
    const timestamp = this.#timestamp()
    const signature = await this.sign(`${token}|${serial}|${timestamp}`)
    const body = { new_fb_token: token, serial, timestamp, signature, ...spoilt }
    return post(this.#fetch, this.link.url, body)
  }

  sign(text: string): Promise<string> {
    return signed(this.keys.privateKey, text)
  }

  /** Microseconds, as the app's language has them. */
  #timestamp(): string {
    const iso = new Date(this.#nowMs()).toISOString().replace('Z', '000')
    return this.generation === 'nonceless' ? iso : `${iso}Z`
  }
}

const post = async (fetch: Fetch, url: string, body: Record<string, string>): Promise<PhoneReply> =>
  reply(
    await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body: String(new URLSearchParams(body)),
    }),
  )

const reply = async (response: Response): Promise<PhoneReply> => ({
  status: response.status,
  envelope: v.parse(Envelope, await response.json()),
})
