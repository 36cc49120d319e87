/**
 * The floor: what these requests cost however they are written. Routing, the body they come in, one call of the owner's object, the
 * same rows written there (bill.test.ts counts ours) and its alarm, the one read of D1 that an object needs which knows its owner
 * not yet, and one P-256 signature checked. It knows no policy, no caller, no code and no limit, and it is no server for anything.
 */
import { DurableObject } from 'cloudflare:workers'
import { type Context, Hono } from 'hono'

type Env = { DB: D1Database; COORDINATOR: DurableObjectNamespace<ChallengeCoordinator> }

/** As the bench has it of ours (both.ts). */
const answerMs = 3_600_000
const sliceMs = 25_000
/** As ours gathers its trail: one alarm for all that happens within it, then one for when the challenges end. */
const gatherMs = 5000
/** As long as ours are: a challenge as it is asked and signed, an answer, what the trail says of a step, and a receipt beside it. */
const asked = 'x'.repeat(800)
const answer = 'x'.repeat(720)
const said = 'x'.repeat(230)
const receipt = 'x'.repeat(2550)

/** Bound by the one wrangler.toml that both run by, like the next. */
export class ConnectorHub extends DurableObject<Env> {}
export class Messenger extends DurableObject<Env> {}

export class ChallengeCoordinator extends DurableObject<Env> {
  #knowsOwner = false
  #alarmAtMs = Infinity

  constructor(context: DurableObjectState, env: Env) {
    super(context, env)
    context.storage.sql.exec(
      `create table if not exists owner (id integer primary key, copy text not null);
       create table if not exists txn (number integer primary key, id text not null unique, challenge text not null unique,
         state text not null, untilMs integer not null, body text not null, answer text);
       create table if not exists challenge (id text primary key, body text not null) without rowid;
       create table if not exists counter (id text primary key, uses integer not null) without rowid;
       create table if not exists ring (id text primary key, at integer not null) without rowid;
       create table if not exists outbox (id integer primary key, body text not null)`,
    )
  }

  async open(owner: string, id: string): Promise<string> {
    if (!this.#knowsOwner) await this.#learn(owner)
    this.#rows(
      'insert into txn (id, challenge, state, untilMs, body) values (?, ?, ?, ?, ?)',
      id,
      `${id}/challenge`,
      'pending',
      Date.now() + answerMs,
      asked,
    )
    this.#rows('insert into challenge values (?, ?)', id, asked)
    this.#rows('insert or replace into ring values (1, ?)', Date.now())
    this.#record(said)
    return id
  }

  open_(): string[] {
    return this.#rows("select id from txn where state = 'pending'").map(({ id }) => String(id))
  }

  status(id: string): unknown {
    return this.#rows('select state from txn where id = ?', id)[0]?.state ?? null
  }

  approve(id: string): boolean {
    const moved = this.#rows(
      "update txn set state = 'approved', answer = ? where id = ? and state = 'pending' returning id",
      answer,
      id,
    )
    if (moved.length === 1) this.#record(said)
    return moved.length === 1
  }

  redeem(id: string): boolean {
    const moved = this.#rows(
      "update txn set state = 'redeemed' where id = ? and state = 'approved' returning id",
      id,
    )
    if (moved.length === 1) this.#record(said + receipt)
    this.#rows('insert into counter values (1, 1) on conflict (id) do update set uses = uses + 1')
    return moved.length === 1
  }

  readonly #waiters = new Map<string, () => void>()
  /** Until it is woken, or the slice is over. */
  wait(name: string): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, sliceMs)
      const waiters = this.#waiters
      function done() {
        clearTimeout(timer)
        waiters.delete(name)
        resolve()
      }
      waiters.set(name, done)
    })
  }

  override alarm(): void {
    this.#alarmAtMs = Infinity
    this.#rows('delete from outbox')
    this.#rows('delete from txn where untilMs < ?', Date.now())
    this.#wakeAt(Date.now() + answerMs)
  }

  #wakeAt(atMs: number): void {
    if (this.#alarmAtMs <= atMs) return
    this.#alarmAtMs = atMs
    void this.ctx.storage.setAlarm(atMs)
  }

  async #learn(owner: string): Promise<void> {
    if (this.#rows('select 1 from owner').length === 0) {
      const { results } = await this.env.DB.prepare('select copy from token where owner = ?')
        .bind(owner)
        .all<{ copy: string }>()
      this.#rows('insert or replace into owner values (1, ?)', JSON.stringify(results))
    }
    this.#knowsOwner = true
  }

  #record(what: string): void {
    this.#rows('insert into outbox (body) values (?)', what)
    this.#wakeAt(Date.now() + gatherMs)
  }

  #rows(query: string, ...values: (string | number)[]) {
    return this.ctx.storage.sql.exec(query, ...values).toArray()
  }
}

type Call = Context<{ Bindings: Env }>
const app = new Hono<{ Bindings: Env }>()

const ownerOf = (call: Call): string => call.req.query('owner') ?? ''
const idOf = (call: Call): string => call.req.query('id') ?? ''
function object(call: Call, owner: string) {
  const all = call.env.COORDINATOR
  return all.get(all.idFromName(owner))
}
const objectOf = (call: Call) => object(call, ownerOf(call))

app.post('/trigger', async (call) => {
  const { owner } = await call.req.json<{ owner: string }>()
  return call.json({ id: await object(call, owner).open(owner, crypto.randomUUID()) })
})
app.get('/devices', async (call) => call.json({ open: await objectOf(call).open_() }))
app.get('/poll', async (call) => call.json({ state: await objectOf(call).status(idOf(call)) }))
app.post('/answer', async (call) => {
  const { key, signature, signed } = await call.req.json<Record<string, string>>()
  const good = await crypto.subtle.verify(
    { name: 'ECDSA', hash: 'SHA-256' },
    await crypto.subtle.importKey(
      'raw',
      bytes(key),
      { name: 'ECDSA', namedCurve: 'P-256' },
      false,
      ['verify'],
    ),
    bytes(signature),
    new TextEncoder().encode(signed),
  )
  return call.json({
    done: good && (await objectOf(call).approve(idOf(call))),
  })
})
app.post('/redeem', async (call) => {
  const { owner, id } = await call.req.json<{ owner: string; id: string }>()
  return call.json({ done: await object(call, owner).redeem(id) })
})

/** A held answer: a space every few seconds, which is how a server learns that the caller has left. */
app.get('/wait', (call) => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  const space = new TextEncoder().encode(' ')
  const breathe = () => void writer.write(space).catch(() => undefined)
  const follow = async () => {
    breathe()
    const timer = setInterval(breathe, 3000)
    try {
      for (;;) await Promise.race([objectOf(call).wait(crypto.randomUUID()), writer.closed])
    } finally {
      clearInterval(timer)
    }
  }
  call.executionCtx.waitUntil(follow().catch(() => undefined))
  return new Response(readable, { headers: { 'content-type': 'application/json' } })
})

const bytes = (text = '') => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))

export default app
