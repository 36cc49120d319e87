/** What the outbox holds for applications goes to their messengers, which send it. */
import type { Stamped } from '../../record/outbox.ts'
import type { Message } from '../../webhook/message.ts'
import { messengerOf } from '../../webhook/tell.ts'
import type { Desk } from './desk.ts'

/** @throws what the way to a messenger throws: the events stay in the outbox then. */
export async function handOverMessages(desk: Desk, events: Stamped[]): Promise<void> {
  const byApplication = new Map<string, Message[]>()
  for (const { number, at, event } of events) {
    if (event.kind !== 'told') continue
    const { application, type, data } = event.body
    // The number is unique within its second.
    const message = { id: `msg_${at.toString(36)}_${number.toString(36)}`, type, at, data }
    byApplication.set(application, [...(byApplication.get(application) ?? []), message])
  }
  for (const [application, messages] of byApplication)
    await messengerOf(desk.context, application).put(messages)
}
