/**
 * The delivery connection of Chromium's push (MCS): version byte, then frames of tag, length and protobuf. Messages are
 * kept until a later log-in names them as received, as the real service does.
 */
import type { AddressInfo } from 'node:net'
import { type TLSSocket, createServer } from 'node:tls'
import { bytesField, numberField, readFields, readVarint, textField, varint } from './protobuf.ts'
import { selfSignedCertificate } from './tls.ts'

const tag = { heartbeatPing: 0, heartbeatAck: 1, loginRequest: 2, loginResponse: 3, dataMessage: 8 }
const protocolVersion = 41

export type McsMessage = {
  persistentId: string
  stanza: Buffer
  expiresAtMs: number
  /** A waiting message of the same name gives way (RFC 8030 §5.4). */
  replaces: string | null
}
export type McsConnections = {
  port: number
  publicKeyHash: string
  send(message: McsMessage): void
  disconnect(): void
  close(): Promise<void>
}

export async function startMcs(): Promise<McsConnections> {
  const certificate = selfSignedCertificate()
  const sockets = new Set<TLSSocket>()
  let kept: McsMessage[] = []
  let loggedIn: TLSSocket | null = null

  function logIn(socket: TLSSocket, payload: Buffer): void {
    const fields = readFields(payload)
    const received = new Set(
      (fields.get(10) ?? []).map((id) => Buffer.from(id as Uint8Array).toString()),
    )
    kept = kept.filter(
      ({ persistentId, expiresAtMs }) => !received.has(persistentId) && expiresAtMs > Date.now(),
    )
    const answer = [bytesField(1, textField(fields, 1) ?? ''), numberField(5, 1), numberField(6, 1)]
    write(socket, tag.loginResponse, Buffer.concat([...answer, numberField(8, Date.now())]))
    loggedIn = socket
    for (const message of kept) write(socket, tag.dataMessage, message.stanza)
  }

  const server = createServer({ key: certificate.key, cert: certificate.cert }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      sockets.delete(socket)
      if (loggedIn === socket) loggedIn = null
    })
    readFrames(socket, (frameTag, payload) => {
      if (frameTag === tag.loginRequest) logIn(socket, payload)
      else if (frameTag === tag.heartbeatPing) write(socket, tag.heartbeatAck, Buffer.alloc(0))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const disconnect = () => sockets.forEach((socket) => socket.destroy())
  return {
    port: (server.address() as AddressInfo).port,
    publicKeyHash: certificate.publicKeyHash,
    send(message) {
      const name = message.replaces
      if (!loggedIn && name !== null) kept = kept.filter((other) => other.replaces !== name)
      kept.push(message)
      if (loggedIn) write(loggedIn, tag.dataMessage, message.stanza)
    },
    disconnect,
    async close() {
      disconnect()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function write(socket: TLSSocket, frameTag: number, payload: Buffer): void {
  socket.write(Buffer.concat([Buffer.from([frameTag]), varint(payload.length), payload]))
}

function readFrames(socket: TLSSocket, take: (frameTag: number, payload: Buffer) => void): void {
  let unread = Buffer.alloc(0)
  let greeted = false
  socket.on('data', (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk])
    if (!greeted && unread.length > 0) {
      greeted = true
      unread = unread.subarray(1)
      socket.write(Buffer.from([protocolVersion]))
    }
    for (;;) {
      const length = unread.length > 1 ? readVarint(unread, 1) : null
      const end = length ? length.end + Number(length.value) : Infinity
      if (!length || unread.length < end) return
      const [frameTag, payload] = [unread[0] ?? 0, unread.subarray(length.end, end)]
      unread = unread.subarray(end)
      take(frameTag, payload)
    }
  })
}
