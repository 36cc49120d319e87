/**
 * The connectors of one name, and their sockets: one object, so that a connector anywhere and a login anywhere meet. Nothing is
 * stored: sockets hibernate with what they are, and whoever waits for an answer keeps the object awake. What it does is in
 * switchboard.ts, read when the first object is called.
 */
import { DurableObject } from 'cloudflare:workers'
import type { Done } from '../directory/job.ts'
import type { Env } from '../env.ts'
import type { Question } from './question.ts'
import type { Switchboard } from './switchboard.ts'

export class ConnectorHub extends DurableObject<Env> {
  #switchboard: Switchboard | null = null

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'))
    void ctx.blockConcurrencyWhile(async () => {
      const { Switchboard } = await import('./switchboard.ts')
      this.#switchboard = new Switchboard(ctx, env)
    })
  }

  get #open(): Switchboard {
    if (!this.#switchboard) throw new Error('the object was called before it was ready')
    return this.#switchboard
  }

  override fetch(request: Request): Response {
    return this.#open.dial(request)
  }

  /** @returns what the directory says, through whichever connector can ask it. */
  async work(question: Question, tryMs: number): Promise<Done> {
    return this.#open.work(question, tryMs)
  }

  /** @returns the ids of those that can be asked. */
  connected(): string[] {
    return this.#open.connected()
  }

  /** Cuts a connector off, in the middle of whatever it does. */
  dismiss(id: string): void {
    this.#open.dismiss(id)
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    await this.#open.hear(socket, message)
  }

  override webSocketClose(socket: WebSocket): void {
    this.#open.forget(socket)
  }

  override webSocketError(socket: WebSocket): void {
    this.#open.forget(socket)
  }
}
