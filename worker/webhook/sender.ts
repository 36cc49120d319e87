/** What a messenger does: its storage is the queue and its alarm is the clock. */
import { unseal } from '../crypto/seal.ts'
import { random } from '../crypto/random.ts'
import { type Context, type Env, deploymentOf, nowSeconds } from '../env.ts'
import { isWebhookAddress } from '../push/hosts.ts'
import { post } from '../push/post.ts'
import { logFailure } from '../record/log.ts'
import { databaseNumbered } from '../store/databases.ts'
import { type Webhook, sealedBy, switchOff, webhooksOf } from '../store/webhooks.ts'
import type { Message } from './message.ts'
import {
  type Due,
  type Settled,
  claim,
  createQueue,
  list,
  nextDueMs,
  put,
  putAgain,
  settle,
  typeOf,
} from './queue.ts'
import { nextWait } from './schedule.ts'
import { signatureHeaders } from './sign.ts'

/** A Worker has six connections open at a time. */
const atOnce = 6
/** If the object dies while one is under way, it is sent again after this. */
const underWayMs = 15_000

export class Sender {
  readonly #ctx: DurableObjectState
  readonly #env: Env
  #sending: Promise<void> | null = null

  constructor(ctx: DurableObjectState, env: Env) {
    this.#ctx = ctx
    this.#env = env
    createQueue(ctx.storage.sql)
  }

  /** Each is told once, however often it is put in. */
  async put(messages: Message[]): Promise<void> {
    const context = await this.#context()
    const webhooks = await this.#webhooks(context)
    for (const message of messages) {
      const wanted = webhooks.filter((webhook) => wants(webhook, message.type))
      if (wanted.length === 0) continue
      put(
        this.#ctx.storage.sql,
        message,
        wanted.map(({ id }) => id),
        context.nowMs(),
      )
    }
    this.#sendSoon()
  }

  /** To one alone, whatever else it wants to know: whether it hears us. */
  async tryOut(message: Message, webhook: string): Promise<void> {
    put(this.#ctx.storage.sql, message, [webhook], Date.now())
    this.#sendSoon()
  }

  /** @returns whether there is such a message. */
  async replay(id: string): Promise<boolean> {
    const context = await this.#context()
    const type = typeOf(this.#ctx.storage.sql, id)
    const webhooks = (await this.#webhooks(context)).filter(
      (one) => type !== null && wants(one, type),
    )
    const found = putAgain(
      this.#ctx.storage.sql,
      id,
      webhooks.map((one) => one.id),
      context.nowMs(),
    )
    this.#sendSoon()
    return found
  }

  list(most: number) {
    return list(this.#ctx.storage.sql, most)
  }

  /** Call it in the turn of the write: where the object dies before it has sent, the alarm does it. */
  #sendSoon(): void {
    void this.#ctx.storage.setAlarm(Date.now() + underWayMs)
    this.#ctx.waitUntil(this.send().catch((error: unknown) => logFailure('telling failed', error)))
  }

  /** One at a time; what comes meanwhile goes along. */
  async send(): Promise<void> {
    this.#sending ??= this.#sendDue().finally(() => {
      this.#sending = null
    })
    await this.#sending
  }

  async #sendDue(): Promise<void> {
    const { sql } = this.#ctx.storage
    const context = await this.#context()
    for (;;) {
      const due = claim(sql, context.nowMs(), context.nowMs() + underWayMs, atOnce)
      // Whatever happens from here on, somebody looks again.
      await this.#wake()
      // What was put in while that was written found us still sending.
      if (due.length === 0 && (nextDueMs(sql) ?? Infinity) > context.nowMs()) return
      // Anew each time: one may be added, or taken back, while others are sent.
      const webhooks = new Map((await this.#webhooks(context)).map((one) => [one.id, one]))
      await Promise.all(
        due.map(async (one) => {
          const settled = await this.#deliver(context, one, webhooks.get(one.webhook))
          settle(sql, one, settled, context.nowMs())
        }),
      )
    }
  }

  async #deliver(context: Context, due: Due, webhook: Webhook | undefined): Promise<Settled> {
    const given = { state: 'failed', status: null, nextAtMs: null } as const
    const { deployment, nowMs } = context
    // It was taken back, or the operator no longer allows the address.
    if (!webhook || !isWebhookAddress(webhook.url, deployment)) return given
    const secrets = await Promise.all(
      goodSecrets(webhook, nowSeconds(context)).map((sealed) =>
        unseal(deployment.master, sealedBy(webhook.id), sealed),
      ),
    )
    const { id, body } = due
    const signed = await signatureHeaders(
      { id, body, at: nowSeconds(context) },
      secrets.flatMap((secret) => secret ?? []),
    )
    const headers = { 'Content-Type': 'application/json', 'User-Agent': 'Countersign', ...signed }
    const posted = await post(webhook.url, { headers, body, nowMs })
    const status = posted?.status ?? null
    if (status !== null && status >= 200 && status < 300)
      return { state: 'delivered', status, nextAtMs: null }
    // Standard Webhooks: nobody is there any more.
    if (status === 410) {
      await switchOff(context, webhook.id)
      return { ...given, status }
    }
    const chance = (random(1)[0] ?? 0) / 255
    const waitSeconds = nextWait(due.attempts + 1, chance, posted?.retryAfterSeconds)
    return waitSeconds === null
      ? { ...given, status }
      : { state: 'due', status, nextAtMs: nowMs() + waitSeconds * 1000 }
  }

  async #wake(): Promise<void> {
    const atMs = nextDueMs(this.#ctx.storage.sql)
    if (atMs === null) await this.#ctx.storage.deleteAlarm()
    else await this.#ctx.storage.setAlarm(Math.max(atMs, Date.now() + 1))
  }

  /** An object's name is the number of its database and its application's id. */
  async #context(): Promise<Context> {
    const database = Number(this.#name()[0])
    const db = databaseNumbered(this.#env, database)
    if (!db) throw new Error(`The database ${database} is not bound`)
    const deployment = await deploymentOf(this.#env)
    return { env: this.#env, database, db, deployment, nowMs: () => Date.now(), random }
  }

  #webhooks(context: Context): Promise<Webhook[]> {
    return webhooksOf(context, this.#name()[1] ?? '')
  }

  #name(): string[] {
    return (this.#ctx.id.name ?? '').split('/')
  }
}

const wants = ({ active, types }: Webhook, type: string): boolean =>
  active && (types.length === 0 || types.includes(type))

/** The one before is good for a while, so that a receiver can be changed without a gap. */
const goodSecrets = ({ secret, previousSecret, previousUntilAt }: Webhook, now: number): string[] =>
  previousSecret !== null && (previousUntilAt ?? 0) > now ? [secret, previousSecret] : [secret]
