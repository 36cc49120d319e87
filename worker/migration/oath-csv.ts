/**
 * The lists of hardware tokens that privacyIDEA loads, and those that its token janitor exports. Text in, rows out; pure.
 *
 * `serial, key[, hotp[, length[, counter]]]` · `serial, key, totp[, length[, time step]]`, each with a hash behind it if need be
 * `# version: 2` on the first line: `user, resolver, realm` stand before the serial
 * `login@realm, serial, key, type, length[, time step]`: the janitor's
 */
import { type Line, linesOf } from './csv.ts'
import { type Found, type Left, type Owner, type TokenFound, plainToken } from './rows.ts'
import {
  hashlibByLength,
  hashlibNamed,
  noteOf,
  problemOf,
  problemOfSerial,
  seedFrom,
} from './seed.ts'

export function readOathCsv(text: string): Found<TokenFound> {
  const [first = ''] = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/, 1)
  const withUsers = /^#\s*version:\s*2\b/.test(first)
  const found: Found<TokenFound> = { rows: [], left: [] }
  for (const line of linesOf(text)) {
    if (line.fields[0]?.startsWith('#')) continue
    const read = tokenIn(line, withUsers)
    if ('why' in read) found.left.push(read)
    else found.rows.push(read)
  }
  return found
}

function tokenIn({ row, fields }: Line, withUsers: boolean): TokenFound | Left {
  const { owner, rest } = withUsers ? userBefore(fields) : ownerBefore(fields)
  const [serial = '', key = '', type = 'hotp', length = '6', moving = '', hash = ''] = rest
  const about = { row, serial, ...(owner && { user: owner.username }) }
  const isTotp = type.toLowerCase() === 'totp'
  const seed = seedFrom(key)
  const kind = {
    type: type.toLowerCase(),
    length: Number(length || 6),
    timeStep: isTotp ? Number(moving || 30) : 30,
    counter: isTotp ? 0 : Number(moving || 0),
  }
  const hashlib = hash || hashlibByLength(seed?.length ?? 0)
  const why = problemOfSerial(serial) || problemOf(kind, seed, hashlib)
  if (why !== '' || !seed) return { ...about, why }
  return {
    ...plainToken,
    ...about,
    ...kind,
    type: isTotp ? 'totp' : 'hotp',
    hashlib: hashlibNamed(hashlib) ?? 'sha1',
    seed,
    owner,
    note: noteOf(seed),
  }
}

function userBefore([username = '', resolver = '', realm = '', ...rest]: string[]): {
  owner: Owner | null
  rest: string[]
} {
  return { owner: username === '' ? null : { username, resolver, realm }, rest }
}

/** The janitor puts the owner first, `n/a` where there is none; then the type stands fourth. */
function ownerBefore(fields: string[]): { owner: Owner | null; rest: string[] } {
  const [first = '', ...rest] = fields
  const [, username, realm] = /^(.+)@([^@]*)$/.exec(first) ?? []
  const isJanitor = /^[ht]otp$/i.test(fields[3] ?? '') && (first === 'n/a' || username)
  if (!isJanitor) return { owner: null, rest: fields }
  return { owner: username ? { username, realm: realm ?? '', resolver: '' } : null, rest }
}
