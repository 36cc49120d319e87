/**
 * A gateway's RADIUS (RFC 2865, 3579): PAP, a Message-Authenticator in each request, patience and repeats of its own. What it
 * repeats is the same packet, byte for byte.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { type Socket, createSocket } from 'node:dgram'

const codes = { 2: 'Access-Accept', 3: 'Access-Reject', 11: 'Access-Challenge' } as const
const attribute = {
  userName: 1,
  userPassword: 2,
  replyMessage: 18,
  state: 24,
  callingStation: 31,
  messageAuthenticator: 80,
}

export type RadiusAnswer = {
  code: (typeof codes)[keyof typeof codes]
  replyMessage: string
  state: Buffer
  elapsedMs: number
}
export type RadiusRequest = {
  user: string
  password: string
  state?: Buffer
  /** Calling-Station-Id: where the person's browser is. */
  client?: string
}
export type Patience = { timeoutMs?: number; tries?: number }
export type RadiusClient = ReturnType<typeof radiusClient>

export function radiusClient(secret: string) {
  const socket = createSocket('udp4').unref()
  const waiting = new Map<number, { packet: Buffer; take: (answer: Buffer) => void }>()
  let identifier = 0
  socket.on('message', (answer) => {
    const asked = waiting.get(answer[1] ?? -1)
    if (asked && isAnswerTo(answer, asked.packet, secret)) asked.take(answer)
  })
  const made = (request: RadiusRequest): Buffer =>
    packetOf(request, (identifier = (identifier + 1) % 256), secret)

  return {
    made,
    /** @throws where nothing comes within its patience. */
    async send(
      ports: number | number[],
      packet: Buffer,
      { timeoutMs = 25_000, tries = 1 }: Patience = {},
    ): Promise<RadiusAnswer> {
      const startedAt = performance.now()
      const order = [ports].flat()
      let timer: NodeJS.Timeout | undefined
      try {
        const answer = await new Promise<Buffer>((resolve, reject) => {
          waiting.set(packet[1]!, { packet, take: resolve })
          const attempt = (count: number): void => {
            if (count === tries) return reject(new Error('the RADIUS server does not answer'))
            socket.send(packet, order[count % order.length]!, '127.0.0.1')
            timer = setTimeout(() => attempt(count + 1), timeoutMs)
          }
          attempt(0)
        })
        return { ...read(answer), elapsedMs: performance.now() - startedAt }
      } finally {
        clearTimeout(timer)
        waiting.delete(packet[1]!)
      }
    },
    ask(port: number, request: RadiusRequest, patience?: Patience): Promise<RadiusAnswer> {
      return this.send(port, made(request), patience)
    },
    close: () => closed(socket),
  }
}

const closed = (socket: Socket): void => void socket.close()
const md5 = (...parts: (Buffer | string)[]): Buffer => {
  const hash = createHash('md5')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
const attributeOf = (type: number, value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([type, value.length + 2]), value])

/** RFC 2865 §5.2. */
function hidden(password: string, secret: string, authenticator: Buffer): Buffer {
  const text = Buffer.from(password, 'utf8')
  const padded = Buffer.alloc(Math.max(16, Math.ceil(text.length / 16) * 16))
  text.copy(padded)
  let before = authenticator
  for (let at = 0; at < padded.length; at += 16) {
    const mask = md5(secret, before)
    for (let i = 0; i < 16; i++) padded[at + i]! ^= mask[i]!
    before = padded.subarray(at, at + 16)
  }
  return padded
}

function packetOf(request: RadiusRequest, identifier: number, secret: string): Buffer {
  const { user, password, state, client } = request
  const authenticator = randomBytes(16)
  const attributes = Buffer.concat([
    attributeOf(attribute.messageAuthenticator, Buffer.alloc(16)),
    attributeOf(attribute.userName, Buffer.from(user, 'utf8')),
    attributeOf(attribute.userPassword, hidden(password, secret, authenticator)),
    ...(state ? [attributeOf(attribute.state, state)] : []),
    ...(client === undefined ? [] : [attributeOf(attribute.callingStation, Buffer.from(client))]),
  ])
  const packet = Buffer.concat([Buffer.from([1, identifier, 0, 0]), authenticator, attributes])
  packet.writeUInt16BE(packet.length, 2)
  createHmac('md5', secret).update(packet).digest().copy(packet, 22)
  return packet
}

/** RFC 2865 §3: whoever does not know the secret cannot have sent it. */
function isAnswerTo(answer: Buffer, asked: Buffer, secret: string): boolean {
  const [head, body] = [answer.subarray(0, 4), answer.subarray(20)]
  return md5(head, asked.subarray(4, 20), body, secret).equals(answer.subarray(4, 20))
}

function read(answer: Buffer): Omit<RadiusAnswer, 'elapsedMs'> {
  const code = codes[answer[0] as keyof typeof codes]
  if (code === undefined) throw new Error(`the RADIUS server answers with code ${answer[0]}`)
  const found: Record<number, Buffer[]> = {}
  for (let at = 20; at < answer.length; at += answer[at + 1]!)
    (found[answer[at]!] ??= []).push(answer.subarray(at + 2, at + answer[at + 1]!))
  const joined = (type: number) => Buffer.concat(found[type] ?? [])
  return {
    code,
    replyMessage: joined(attribute.replyMessage).toString('utf8'),
    state: joined(attribute.state),
  }
}
