/**
 * What a hub does: who dials is asked who they are, and what is asked goes to the one that has least to do; where it dies or says
 * nothing, to another.
 */
import * as v from 'valibot'
import {
  ConnectorHello,
  FromConnector,
  connectorRefusedCode,
  connectorTyp,
  silentMs,
} from '../../schema/connector.ts'
import { toBase64url } from '../../schema/encoding.ts'
import { verify } from '../../schema/jws.ts'
import { random } from '../crypto/random.ts'
import { Done, type Job, answersTo } from '../directory/job.ts'
import type { Env } from '../env.ts'
import { findConnector } from '../store/connectors.ts'
import { databaseNumbered } from '../store/databases.ts'
import { type Dialling, type Question, connectorHeader } from './question.ts'

type Attachment = Dialling & { nonce: string; ready: boolean; openedAtMs: number }
type Pending = {
  socket: WebSocket
  job: Job
  parts: unknown[]
  settle: (done: Done | null) => void
}

/** Whoever has not said who they are by then is let go. */
const helloMs = 10_000
const mostSockets = 64
const mostTries = 2

export class Switchboard {
  readonly #ctx: DurableObjectState
  readonly #env: Env
  readonly #pending = new Map<number, Pending>()
  #lastNumber = 0

  constructor(ctx: DurableObjectState, env: Env) {
    this.#ctx = ctx
    this.#env = env
  }

  dial(request: Request): Response {
    const dialling = JSON.parse(request.headers.get(connectorHeader) ?? 'null') as Dialling
    for (const socket of this.#ctx.getWebSockets())
      if (this.#isSilent(socket)) this.#drop(socket, 1001, 'silent')
    if (this.#ctx.getWebSockets().length >= mostSockets)
      return new Response('too many connectors', { status: 429 })
    const { 0: client, 1: server } = new WebSocketPair()
    const nonce = toBase64url(random(24))
    const attachment: Attachment = { ...dialling, nonce, ready: false, openedAtMs: Date.now() }
    server.serializeAttachment(attachment)
    this.#ctx.acceptWebSocket(server)
    server.send(JSON.stringify({ nonce }))
    return new Response(null, { status: 101, webSocket: client })
  }

  /** @returns what the directory says, through whichever connector can ask it. */
  async work(question: Question, tryMs: number): Promise<Done> {
    const tried = new Set<WebSocket>()
    let last: Done | null = null
    while (tried.size < mostTries) {
      const socket = this.#idlest(tried)
      if (!socket) break
      tried.add(socket)
      last = (await this.#ask(socket, question, tryMs)) ?? last
      // One that cannot reach the directory is no better than one that has died.
      if (last && (last.ok || last.reason !== 'unreachable')) return last
    }
    const why =
      tried.size === 0 ? 'no connector of this name is connected' : 'no connector answered'
    return last ?? { ok: false, reason: 'unreachable', why }
  }

  /** @returns the ids of those that can be asked. */
  connected(): string[] {
    return this.#ready().map((socket) => attachmentOf(socket).id)
  }

  /** Cuts a connector off, in the middle of whatever it does. */
  dismiss(id: string): void {
    for (const socket of this.#ctx.getWebSockets())
      if (attachmentOf(socket).id === id) this.#drop(socket, connectorRefusedCode, 'revoked')
  }

  async hear(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const said = typeof message === 'string' ? parsed(message) : null
    const { ready } = attachmentOf(socket)
    if (said && 'hello' in said && !ready) return this.#welcome(socket, said.hello)
    if (!said || 'hello' in said || !ready) return this.#drop(socket, 1008, 'not understood')
    const pending = this.#pending.get(said.n)
    // An answer to what another one was asked is none.
    if (pending?.socket !== socket) return
    if ('part' in said) {
      pending.parts.push(...said.part)
      return
    }
    const done = v.safeParse(Done, withParts(said.done, pending.parts))
    const isAnswer = done.success && answersTo(pending.job, done.output)
    pending.settle(
      isAnswer
        ? done.output
        : { ok: false, reason: 'refused', why: 'the connector answered nonsense' },
    )
  }

  forget(socket: WebSocket): void {
    for (const pending of this.#pending.values())
      if (pending.socket === socket) pending.settle(null)
  }

  /** The row is read here once more: a connector that was revoked while it dialled gets no further. */
  async #welcome(socket: WebSocket, jws: string): Promise<void> {
    const attachment = attachmentOf(socket)
    const { id, database, publicKey, origin, nonce } = attachment
    const claims = await verify(connectorTyp.hello, jws, publicKey, ConnectorHello)
    const isOurs = claims?.nonce === nonce && claims.aud === origin && claims.iss === id
    const db = databaseNumbered(this.#env, database)
    const row = isOurs && db ? await findConnector(db, id) : null
    if (row?.publicKey?.x !== publicKey.x)
      return this.#drop(socket, connectorRefusedCode, 'not known here')
    socket.serializeAttachment({ ...attachment, ready: true } satisfies Attachment)
    socket.send(JSON.stringify({ ready: true }))
  }

  #ask(socket: WebSocket, question: Question, tryMs: number): Promise<Done | null> {
    const n = ++this.#lastNumber
    return new Promise((resolve) => {
      const settle = (done: Done | null) => {
        clearTimeout(late)
        this.#pending.delete(n)
        resolve(done)
      }
      const late = setTimeout(() => settle(null), tryMs)
      this.#pending.set(n, { socket, job: question.job, parts: [], settle })
      try {
        socket.send(JSON.stringify({ n, ...question }))
      } catch {
        settle(null)
      }
    })
  }

  #ready(): WebSocket[] {
    return this.#ctx
      .getWebSockets()
      .filter(
        (socket) =>
          socket.readyState === WebSocket.OPEN &&
          attachmentOf(socket).ready &&
          !this.#isSilent(socket),
      )
  }

  #idlest(tried: Set<WebSocket>): WebSocket | undefined {
    const load = (socket: WebSocket) =>
      [...this.#pending.values()].filter((pending) => pending.socket === socket).length
    const able = this.#ready().filter((socket) => !tried.has(socket))
    // In turn where they have as much to do.
    const turned = able.map((_, at) => able[(at + this.#lastNumber) % able.length]!)
    return turned.toSorted((a, b) => load(a) - load(b))[0]
  }

  #isSilent(socket: WebSocket): boolean {
    const { openedAtMs, ready } = attachmentOf(socket)
    const heardAtMs = this.#ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? openedAtMs
    return Date.now() - heardAtMs > (ready ? silentMs : helloMs)
  }

  #drop(socket: WebSocket, code: number, why: string): void {
    socket.close(code, why)
    this.forget(socket)
  }
}

const attachmentOf = (socket: WebSocket): Attachment => socket.deserializeAttachment() as Attachment

function parsed(message: string): v.InferOutput<typeof FromConnector> | null {
  try {
    const said = v.safeParse(FromConnector, JSON.parse(message))
    return said.success ? said.output : null
  } catch {
    return null
  }
}

/** The people of a long list came before it. */
const withParts = (done: unknown, parts: unknown[]): unknown =>
  parts.length > 0 && typeof done === 'object' ? { ...done, people: parts } : done
