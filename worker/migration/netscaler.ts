/**
 * What NetScaler's native OTP keeps in an attribute of Active Directory (userParameters by default), as a CSV or an LDIF of names and
 * values. Plain: `#@<device>=<seed in base32>&tag=<text>&,<device>=…&,`. Encrypted: JSON, whose key only NetScaler has. Pure.
 */
import { linesOf } from './csv.ts'
import { type Found, type Left, plainToken } from './rows.ts'
import type { TokenFound } from './rows.ts'
import { hashlibNamed, noteOf, problemOf, seedFrom } from './seed.ts'
import { fromBase32 } from '../../schema/base32.ts'
import { refuse } from '../problem.ts'

type Value = { row: number; user: string; value: string }
/** The serial comes later: it is made from whose device it is. */
export type DeviceFound = Omit<TokenFound, 'serial' | 'owner'> & { user: string; device: string }

const userColumns = [
  'samaccountname',
  'userprincipalname',
  'username',
  'user',
  'login',
  'uid',
  'cn',
]
export const defaultAttribute = 'userParameters'

/** @throws Refusal import_refused */
export function readNetscaler(text: string, attribute: string): Found<DeviceFound> {
  const values = /^(version:|dn::?)\s/m.test(text.slice(0, 4096))
    ? fromLdif(text, attribute)
    : fromCsv(text, attribute)
  const found: Found<DeviceFound> = { rows: [], left: [] }
  for (const value of values)
    for (const one of devicesIn(value))
      if ('why' in one) found.left.push(one)
      else found.rows.push(one)
  return found
}

function fromCsv(text: string, attribute: string): Value[] {
  // PowerShell writes a line of its own before the names.
  const lines = linesOf(text).filter(({ fields }) => !fields[0]?.startsWith('#TYPE'))
  const [head, ...rest] = lines
  const names = head?.fields.map((name) => name.toLowerCase()) ?? []
  const user = userColumns.map((name) => names.indexOf(name)).find((at) => at >= 0) ?? -1
  const value = names.indexOf(attribute.toLowerCase())
  if (user < 0 || value < 0)
    refuse({
      reason: 'import_refused',
      why: `The first line must name the columns: one of ${userColumns.join(', ')}, and ${attribute}.`,
    })
  return rest.map(({ row, fields }) => ({
    row,
    user: fields[user] ?? '',
    value: fields[value] ?? '',
  }))
}

/** RFC 2849: entries between empty lines, a blank goes on with the line before, `::` is base64. */
function fromLdif(text: string, attribute: string): Value[] {
  const values: Value[] = []
  let row = 1
  for (const entry of text.replaceAll('\r\n', '\n').split(/\n(?=\n)/)) {
    const lines = entry.replaceAll(/\n /g, '').split('\n')
    const said = new Map<string, string>()
    for (const line of lines) {
      const [, name, encoded, value] = /^([\w;-]+):(:?) *(.*)$/.exec(line) ?? []
      if (name && value !== undefined && !line.startsWith('#'))
        said.set(name.toLowerCase(), encoded ? Buffer.from(value, 'base64').toString() : value)
    }
    const user = userColumns.map((name) => said.get(name)).find(Boolean)
    if (said.has('dn'))
      values.push({
        row: row + lines.findIndex((line) => line.startsWith('dn')),
        user: user ?? '',
        value: said.get(attribute.toLowerCase()) ?? '',
      })
    row += entry.match(/\n/g)?.length ?? 0
    row += 1
  }
  return values
}

function devicesIn({ row, user, value }: Value): (DeviceFound | Left)[] {
  const about = { row, ...(user !== '' && { user }) }
  if (value === '') return [{ ...about, why: 'no device is registered' }]
  if (user === '') return [{ row, why: 'there is no user name' }]
  if (value.startsWith('{')) return [{ ...about, why: whyEncrypted(value) }]
  const body = /^#@(.*)$/s.exec(value.trim())?.[1]
  if (body === undefined)
    return [{ ...about, why: 'the value is none of NetScaler: it does not begin with #@' }]
  return devices(body).map((one) => deviceOf(row, user, one))
}

function whyEncrypted(value: string): string {
  const names = devicesOf(value)
  const which = names.length > 0 ? ` (${names.join(', ').slice(0, 100)})` : ''
  return `encrypted by NetScaler${which}: decrypt the attribute first with its OTP encryption tool, and export it again`
}

function devicesOf(value: string): string[] {
  try {
    const { otpdata } = JSON.parse(value) as { otpdata?: { devices?: object } }
    return Object.keys(otpdata?.devices ?? {})
  } catch {
    return []
  }
}

type Device = { name: string; seed: string; alg: string }

/** Pairs end with `&`, devices with `&,`; what is not a device says something of the one before. */
function devices(body: string): Device[] {
  const found: Device[] = []
  for (const pair of body.split(/&,?/)) {
    const at = pair.lastIndexOf('=', pair.replace(/=+$/, '').length)
    const [name, value] =
      at < 0 ? [pair.trim(), ''] : [pair.slice(0, at).trim(), pair.slice(at + 1)]
    const last = found.at(-1)
    if (pair.trim() === '') continue
    if (last && name === 'alg') last.alg = value
    else if (!(last && name === 'tag')) found.push({ name, seed: value, alg: 'sha1' })
  }
  return found
}

function deviceOf(row: number, user: string, { name, seed: key, alg }: Device): DeviceFound | Left {
  // Base32 and nothing else: a seed of its could be read as hexadecimal.
  const seed = key === '' ? null : (fromBase32(key) ?? seedFrom(key))
  const kind = { type: 'totp', length: 6, timeStep: 30, counter: 0 } as const
  const why = name === '' ? 'a device without a name' : problemOf(kind, seed, alg)
  if (why !== '' || !seed) return { row, user, why: `device ${name.slice(0, 64)}: ${why}` }
  return {
    ...plainToken,
    ...kind,
    row,
    user,
    device: name,
    seed,
    hashlib: hashlibNamed(alg) ?? 'sha1',
    description: name.slice(0, 80),
    note: noteOf(seed),
  }
}
