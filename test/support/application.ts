/**
 * The application's side of a login: asks, shows the code, learns the answer, redeems. A thin client of the public API
 * that hides nothing of the wire: each call gives back the envelope as it came, with its HTTP status.
 */
import * as v from 'valibot'

const text = v.optional(v.string())
/** As much of privacyIDEA's envelope as the tests read; the rest passes. */
export const Envelope = v.looseObject({
  result: v.looseObject({
    status: v.boolean(),
    value: v.optional(v.unknown()),
    authentication: text,
    error: v.optional(v.object({ code: v.number(), message: v.string() })),
  }),
  detail: v.optional(
    v.nullable(
      v.looseObject({
        transaction_id: text,
        message: text,
        presence_answer: text,
        challenge_status: text,
        notified: v.optional(v.boolean()),
        receipt: text,
        serial: text,
        enrolment_url: text,
        enrolment_code: text,
        rollout_state: text,
      }),
    ),
  ),
})
export type Envelope = v.InferOutput<typeof Envelope>
export type Reply = { status: number; headers: Headers; envelope: Envelope }

export type Credentials = { apiKey?: string; token?: string }
export type ApplicationOptions = Credentials & {
  url: string
  fetch?: (address: string, init: RequestInit) => Promise<Response>
}
export type Person = { user: string; realm?: string }
export type StatusEvent = { challenge_status: string; answered_at_ms: number | null }
export type Transaction = {
  transactionId: string
  code: string
  notified: boolean
  message: string
}
export type Enrolment = { serial: string; link: string; code: string }
export type CallOptions = { headers?: Record<string, string>; signal?: AbortSignal }

export type Application = ReturnType<typeof application>

export function application(options: ApplicationOptions) {
  const send = options.fetch ?? fetch

  async function raw(
    method: string,
    path: string,
    body?: object,
    { headers, signal }: CallOptions = {},
  ) {
    const init: RequestInit = {
      method,
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(options.apiKey !== undefined && { 'x-api-key': options.apiKey }),
        ...(options.token !== undefined && { authorization: options.token }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    }
    return send(options.url + path, init)
  }

  /** A form with files in it; its boundary is the form's own affair. */
  const form = (method: string, path: string, body: FormData) =>
    send(options.url + path, {
      method,
      headers: {
        ...(options.apiKey !== undefined && { 'x-api-key': options.apiKey }),
        ...(options.token !== undefined && { authorization: options.token }),
      },
      body,
    })

  async function call(
    method: string,
    path: string,
    body?: object,
    more?: CallOptions,
  ): Promise<Reply> {
    const response = await raw(method, path, body, more)
    const envelope = v.parse(Envelope, await response.json())
    return { status: response.status, headers: response.headers, envelope }
  }

  const query = (path: string, parameters: Record<string, string>) =>
    `${path}?${new URLSearchParams(parameters)}`

  return {
    raw,
    form,
    call,
    /** The same application, recognised otherwise. */
    as: (credentials: Credentials) => {
      const { url, fetch: own } = options
      return application({ url, ...(own && { fetch: own }), ...credentials })
    },
    auth: (username: string, password: string) => call('POST', '/auth', { username, password }),
    createUser: (person: Person & { givenname?: string; surname?: string; email?: string }) =>
      call('POST', '/user/', person),
    initToken: (parameters: object) =>
      call('POST', '/token/init', { type: 'push', genkey: 1, ...parameters }),
    token: (serial: string) => call('GET', query('/token/', { serial })),
    trigger: (person: Person, more?: CallOptions) =>
      call('POST', '/validate/triggerchallenge', person, more),
    check: (parameters: object, more?: CallOptions) =>
      call('POST', '/validate/check', parameters, more),
    redeem: (person: Person, transactionId: string) =>
      call('POST', '/validate/check', { ...person, pass: '', transaction_id: transactionId }),
    poll: (transactionId: string, waitSeconds?: number, more?: CallOptions) => {
      const wait: Record<string, string> =
        waitSeconds === undefined ? {} : { wait: `${waitSeconds}` }
      const path = `/validate/polltransaction/${transactionId}`
      return call('GET', waitSeconds === undefined ? path : query(path, wait), undefined, more)
    },
    resend: (transactionId: string) =>
      call('POST', '/validate/resend', { transaction_id: transactionId }),
    cancel: (transactionId: string) =>
      call('POST', '/validate/cancel', { transaction_id: transactionId }),

    /** Every status of the transaction until it ends. */
    async *events(transactionId: string, signal?: AbortSignal): AsyncGenerator<StatusEvent> {
      const accept = { headers: { accept: 'text/event-stream' }, ...(signal && { signal }) }
      const response = await raw('GET', `/validate/events/${transactionId}`, undefined, accept)
      if (!response.ok || !response.body) throw new Error(`events: HTTP ${response.status}`)
      yield* readEvents(response.body)
    },

    /** Triggers, and insists that there is a challenge. */
    async ask(person: Person, more?: CallOptions): Promise<Transaction> {
      const { status, envelope } = await this.trigger(person, more)
      const { transaction_id: transactionId, presence_answer: code } = envelope.detail ?? {}
      if (status !== 200 || transactionId === undefined || code === undefined)
        throw new Error(`no challenge: ${status} ${JSON.stringify(envelope)}`)
      const { notified = false, message = '' } = envelope.detail ?? {}
      return { transactionId, code, notified, message }
    },

    /** Begins an enrolment, and insists that there is one. */
    async invite(person: Person): Promise<Enrolment> {
      const { status, envelope } = await this.initToken(person)
      const { serial, enrolment_url: link, enrolment_code: code } = envelope.detail ?? {}
      if (serial === undefined || link === undefined || code === undefined)
        throw new Error(`no enrolment: ${status} ${JSON.stringify(envelope)}`)
      return { serial, link, code }
    },
  }
}

/** The text/event-stream format, as far as one kind of event needs it. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<StatusEvent> {
  const Status = v.object({ challenge_status: v.string(), answered_at_ms: v.nullable(v.number()) })
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let unread = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      unread += decoder.decode(value, { stream: true })
      const blocks = unread.split('\n\n')
      unread = blocks.pop() ?? ''
      for (const block of blocks) {
        const field = (name: string) =>
          block
            .split('\n')
            .filter((line) => line.startsWith(`${name}:`))
            .map((line) => line.slice(name.length + 1).trim())
            .join('\n')
        if (field('event') === 'status') yield v.parse(Status, JSON.parse(field('data')))
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
