/** The sockets of open apps. They hibernate in the runtime; what they belong to travels with them. */
import type { Desk } from './desk.ts'

type Attachment = { serial: string }

/** RFC 6455 leaves 4000–4999 to applications: this device is retired, do not come back. */
export const retiredCloseCode = 4401

export const attach = (socket: WebSocket, serial: string): void =>
  socket.serializeAttachment({ serial } satisfies Attachment)

export const socketsOf = (desk: Desk, serial: string): WebSocket[] =>
  desk
    .sockets()
    .filter((socket) => (socket.deserializeAttachment() as Attachment | null)?.serial === serial)

/** Closes the sockets of every device that is not among `serials`. */
export function closeOthers(desk: Desk, serials: string[]): void {
  for (const socket of desk.sockets()) {
    const attachment = socket.deserializeAttachment() as Attachment | null
    if (!attachment || !serials.includes(attachment.serial))
      socket.close(retiredCloseCode, 'device retired')
  }
}
