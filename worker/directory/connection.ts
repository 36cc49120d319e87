/**
 * One connection to one LDAP server: bind and search, one after the other. The bytes are written and read by the BER parts of
 * `ldapts`; its client is three times as large as this. Runs in workerd and in Node. TLS is checked by the runtime; a server that
 * nobody vouches for is not spoken to.
 */
import { type Socket, connect as connectPlain, isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { BerReader, BerWriter } from 'ldapts'
import { writeFilter } from './filter.ts'

export type Server = { host: string; port: number; tls: boolean }
/** ca: certificates in PEM that vouch for it, beside those that the runtime knows. Workers know no others than the public ones. */
export type Opening = { timeoutMs: number; ca?: string | undefined }
export type Entry = { dn: string; attributes: Map<string, Buffer[]> }
export type Search = {
  base: string
  scope: 'BASE' | 'LEVEL' | 'SUBTREE'
  filter: string
  attributes: string[]
  /** At most so many entries; 0: as many as the server gives. */
  limit: number
}
/** code: RFC 4511's result code. policy: what the password policy says beside it; null where it says nothing. */
export type Bound = { code: number; message: string; policy: number | null }

/** The server could not be asked, or did not answer: another one may. */
export class Unreachable extends Error {}
/** The server answered, and will not do it. */
export class Refused extends Error {}

const tags = { bind: 0x60, unbind: 0x42, search: 0x63, bound: 0x61, entry: 0x64, done: 0x65 }
const pagedControl = '1.2.840.113556.1.4.319'
const policyControl = '1.3.6.1.4.1.42.2.27.8.5.1'
const pageSize = 500
/** An entry with a photograph is far below it. */
const longestMessageBytes = 4 * 1024 * 1024
const [sizeLimitExceeded, busy, unavailable] = [4, 51, 52]

type Message = { id: number; tag: number; reader: BerReader; end: number }

export class Connection {
  readonly #socket: Socket
  readonly #timeoutMs: number
  #chunks: Buffer[] = []
  #length = 0
  #broken: Error | null = null
  #wake: (() => void) | null = null
  #lastId = 0

  private constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket
    this.#timeoutMs = timeoutMs
    const end = (error?: Error) => {
      this.#broken ??= error ?? new Error('the connection was closed')
      this.#wake?.()
    }
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#length += chunk.length
      this.#wake?.()
    })
    socket.on('error', end)
    socket.on('close', () => end())
  }

  /** @throws Unreachable */
  static async open({ host, port, tls }: Server, { timeoutMs, ca }: Opening): Promise<Connection> {
    const name = host.replaceAll(/[[\]]/g, '')
    const socket = tls
      ? connectTls({
          host: name,
          port,
          ...(isIP(name) === 0 && { servername: name }),
          ...(ca !== undefined && { ca }),
        })
      : connectPlain({ host: name, port })
    const failed = await new Promise<string | null>((resolve) => {
      const late = setTimeout(() => resolve('it did not answer in time'), timeoutMs)
      const settle = (why: string | null) => {
        clearTimeout(late)
        resolve(why)
      }
      socket.once(tls ? 'secureConnect' : 'connect', () => settle(null))
      socket.once('error', (error: Error) => settle(error.message))
      socket.once('close', () => settle('it closed the connection'))
    })
    if (failed !== null) {
      socket.on('error', () => undefined)
      socket.destroy()
      throw new Unreachable(failed)
    }
    return new Connection(socket, timeoutMs)
  }

  /** RFC 4513 §5.1.2: a name with an empty password is let in as nobody, so none is ever sent. @throws Unreachable */
  async bind(dn: string, password: string): Promise<Bound> {
    if (dn !== '' && password === '') return { code: 49, message: 'no password', policy: null }
    const id = this.#send((writer) => {
      writer.startSequence(tags.bind)
      writer.writeInt(3)
      writer.writeString(dn)
      writer.writeString(password, 0x80)
      writer.endSequence()
      writer.startSequence(0xa0)
      writer.startSequence()
      writer.writeString(policyControl)
      writer.endSequence()
      writer.endSequence()
    })
    const message = await this.#answer(id)
    if (message.tag !== tags.bound) throw new Unreachable('it answered out of turn')
    const result = resultOf(message)
    const policy = controlsOf(message).get(policyControl)
    return { ...result, policy: policy ? policyErrorOf(policy) : null }
  }

  /** Page after page. @returns what there is, up to the limit. @throws Unreachable · Refused */
  async search({ limit, ...search }: Search): Promise<Entry[]> {
    const most = limit === 0 ? Infinity : limit
    const found: Entry[] = []
    let cookie: Buffer = Buffer.alloc(0)
    do {
      const size = Math.min(pageSize, most - found.length)
      const page = await this.#page(search, size, cookie)
      found.push(...page.entries)
      cookie = page.cookie
    } while (cookie.length > 0 && found.length < most)
    return found.slice(0, most)
  }

  close(): void {
    if (!this.#broken)
      this.#send((writer) => {
        writer.writeByte(tags.unbind)
        writer.writeLength(0)
      })
    this.#socket.destroy()
  }

  async #page(search: Omit<Search, 'limit'>, size: number, cookie: Buffer) {
    const id = this.#send((writer) => {
      writer.startSequence(tags.search)
      writer.writeString(search.base)
      writer.writeEnumeration(['BASE', 'LEVEL', 'SUBTREE'].indexOf(search.scope))
      writer.writeEnumeration(0)
      writer.writeInt(0)
      writer.writeInt(Math.ceil(this.#timeoutMs / 1000))
      writer.writeBoolean(false)
      writeFilter(writer, search.filter)
      writer.startSequence()
      writer.writeStringArray(search.attributes)
      writer.endSequence()
      writer.endSequence()
      writer.startSequence(0xa0)
      writer.startSequence()
      writer.writeString(pagedControl)
      writer.writeBuffer(pagingOf(size, cookie), 0x04)
      writer.endSequence()
      writer.endSequence()
    })
    const entries: Entry[] = []
    for (;;) {
      const message = await this.#answer(id)
      if (message.tag === tags.entry) entries.push(entryOf(message))
      // References to other servers are not followed.
      if (message.tag !== tags.done) continue
      const { code, message: said } = resultOf(message)
      if (code === busy || code === unavailable) throw new Unreachable(said || 'it is busy')
      if (code !== 0 && code !== sizeLimitExceeded) throw new Refused(`${said} (${code})`.trim())
      const paging = controlsOf(message).get(pagedControl)
      return { entries, cookie: code === 0 && paging ? cookieOf(paging) : Buffer.alloc(0) }
    }
  }

  #send(write: (writer: BerWriter) => void): number {
    const id = ++this.#lastId
    const writer = new BerWriter()
    writer.startSequence()
    writer.writeInt(id)
    write(writer)
    writer.endSequence()
    this.#socket.write(writer.buffer)
    return id
  }

  /** The next message to this request. */
  async #answer(id: number): Promise<Message> {
    const byMs = performance.now() + this.#timeoutMs
    for (;;) {
      const message = this.#taken()
      if (message?.id === id) return message
      // Not ours: a notice of disconnection has the number 0.
      if (message) continue
      if (this.#broken) throw new Unreachable(this.#broken.message)
      const leftMs = byMs - performance.now()
      if (leftMs <= 0) throw new Unreachable('it did not answer in time')
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, leftMs)
        this.#wake = () => {
          clearTimeout(late)
          resolve()
        }
      })
      this.#wake = null
    }
  }

  /** One whole message of what has come, or null. */
  #taken(): Message | null {
    if (this.#length < 2) return null
    if (this.#chunks.length > 1 && (this.#chunks[0]?.length ?? 0) < 6)
      this.#chunks = [Buffer.concat(this.#chunks)]
    const head = new BerReader(this.#chunks[0]!)
    try {
      if (head.readSequence(0x30) === null) return null
    } catch (error) {
      throw new Unreachable(`it does not speak LDAP: ${(error as Error).message}`)
    }
    const whole = head.offset + head.length
    if (head.length < 0 || whole > longestMessageBytes)
      throw new Unreachable('its answer is too long')
    if (this.#length < whole) return null
    const all = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
    this.#chunks = all.length > whole ? [all.subarray(whole)] : []
    this.#length = all.length - whole
    const reader = new BerReader(all.subarray(0, whole))
    reader.readSequence()
    const id = reader.readInt()
    const tag = reader.readSequence()
    if (id === null || tag === null) throw new Unreachable('its answer is cut short')
    return { id, tag, reader, end: reader.offset + reader.length }
  }
}

function resultOf({ reader }: Message): { code: number; message: string } {
  const code = reader.readEnumeration() ?? -1
  reader.readString()
  return { code, message: reader.readString() ?? '' }
}

function entryOf({ reader }: Message): Entry {
  const dn = reader.readString() ?? ''
  const attributes = new Map<string, Buffer[]>()
  reader.readSequence()
  const end = reader.offset + reader.length
  while (reader.offset < end && reader.readSequence() !== null) {
    const name = (reader.readString() ?? '').toLowerCase()
    const values: Buffer[] = []
    reader.readSequence()
    const last = reader.offset + reader.length
    while (reader.offset < last) {
      const value = reader.readString(0x04, true)
      if (value === null) break
      values.push(value)
    }
    attributes.set(name, values)
  }
  return { dn, attributes }
}

function controlsOf({ reader, end }: Message): Map<string, Buffer> {
  const found = new Map<string, Buffer>()
  reader.offset = end
  if (reader.peek() !== 0xa0) return found
  reader.readSequence()
  const last = reader.offset + reader.length
  while (reader.offset < last && reader.readSequence() !== null && reader.length >= 0) {
    const next = reader.offset + reader.length
    const name = reader.readString() ?? ''
    if (reader.peek() === 0x01) reader.readBoolean()
    found.set(
      name,
      reader.offset < next ? (reader.readString(0x04, true) ?? Buffer.alloc(0)) : Buffer.alloc(0),
    )
    reader.offset = next
  }
  return found
}

/** RFC 2696. */
function pagingOf(size: number, cookie: Buffer): Buffer {
  const writer = new BerWriter()
  writer.startSequence()
  writer.writeInt(size)
  writer.writeBuffer(cookie, 0x04)
  writer.endSequence()
  return writer.buffer
}

function cookieOf(value: Buffer): Buffer {
  const reader = new BerReader(value)
  reader.readSequence()
  reader.readInt()
  return reader.readString(0x04, true) ?? Buffer.alloc(0)
}

/** draft-behera-ldap-password-policy §6.2: `[1]` is the error, `[0]` a warning. */
function policyErrorOf(value: Buffer): number | null {
  const reader = new BerReader(value)
  reader.readSequence()
  while (reader.remain > 0) {
    if (reader.peek() === 0x81) return reader.readTag(0x81)
    if (reader.readSequence() === null || reader.length < 0) return null
    reader.offset += reader.length
  }
  return null
}
