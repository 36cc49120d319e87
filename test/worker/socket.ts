/** An open app's WebSocket, as a test reads it: through the front door, with a request signed for it. */
import { socketProtocol } from '../../schema/device.ts'
import { deviceProtocol, deviceProtocolHeader } from '../../schema/limits.ts'
import { until } from '../support/until.ts'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { type Deployment, origin } from './deployment.ts'

export const socketPath = '/device/socket'

/** Asks for a socket; the answer is 101 or a problem document. */
export async function askForSocket(
  { fetch }: Pick<Deployment, 'fetch'>,
  jws: string,
  from = origin,
): Promise<Response> {
  return fetch(socketPath, {
    headers: {
      Upgrade: 'websocket',
      Origin: from,
      [deviceProtocolHeader]: String(deviceProtocol),
      'Sec-WebSocket-Protocol': `${socketProtocol}, ${jws}`,
    },
  })
}

export async function openSocket(d: Pick<Deployment, 'fetch'>, device: VirtualDevice) {
  const answered = await askForSocket(d, await device.signRequest('GET', socketPath))
  const socket = answered.webSocket
  if (!socket) throw new Error(`no socket: ${answered.status} ${await answered.text()}`)
  const messages: { type: string; challenge: string; state?: string; jws: string }[] = []
  let closed: { code: number; reason: string } | null = null
  socket.addEventListener('message', ({ data }) => void messages.push(JSON.parse(String(data))))
  socket.addEventListener('close', ({ code, reason }) => void (closed = { code, reason }))
  socket.accept()
  return {
    socket,
    messages,
    heard: (count: number) =>
      until(`${count} messages by socket`, () => messages.length >= count && messages),
    closed: () => until('the socket to be closed', () => closed),
    isOpen: () => closed === null,
  }
}
