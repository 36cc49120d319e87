/**
 * Tells one application what it wants to know: an object for each, whose storage is the queue and whose alarm is the clock. What
 * is put in is sent at once, then again and again, later each time; one that is slow or down holds up nobody else's. What it does
 * is in sender.ts, read when the first object is called.
 */
import { DurableObject } from 'cloudflare:workers'
import type { Env } from '../env.ts'
import type { Message } from './message.ts'
import type { Sender } from './sender.ts'

export class Messenger extends DurableObject<Env> {
  #sender: Sender | null = null

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    void ctx.blockConcurrencyWhile(async () => {
      const { Sender } = await import('./sender.ts')
      this.#sender = new Sender(ctx, env)
    })
  }

  get #open(): Sender {
    if (!this.#sender) throw new Error('the object was called before it was ready')
    return this.#sender
  }

  async put(messages: Message[]) {
    await this.#open.put(messages)
  }

  async tryOut(message: Message, webhook: string) {
    await this.#open.tryOut(message, webhook)
  }

  async replay(id: string) {
    return this.#open.replay(id)
  }

  async list(most: number) {
    return this.#open.list(most)
  }

  override async alarm() {
    await this.#open.send()
  }
}
