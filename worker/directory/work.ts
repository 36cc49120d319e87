/**
 * Does one job at a directory: the first server that answers does it. Whoever is found is found by the resolver's own filter, so
 * that a filter can leave anyone out; a password is right where the directory lets its bearer in.
 */
import { type Bound, Connection, type Entry, Refused, Unreachable } from './connection.ts'
import { escaped, escapedBytes } from './filter.ts'
import { guidBytes, guidText } from './guid.ts'
import { type DoneOf, type FoundPerson, type Job, type Wrong, fields } from './job.ts'
import type { Directory } from './parameters.ts'

/** Servers that did not answer lately, and until when the others are asked first. */
const skipped = new Map<string, number>()

export async function workAt<T extends Job>(
  directory: Directory,
  job: T,
  nowMs: () => number,
): Promise<DoneOf<T>> {
  const keyOf = ({ host, port }: Directory['servers'][number]) => `${host}:${port}`
  const isSkipped = (server: Directory['servers'][number]) =>
    (skipped.get(keyOf(server)) ?? 0) > nowMs()
  const servers = directory.servers.toSorted((a, b) => Number(isSkipped(a)) - Number(isSkipped(b)))
  const why: string[] = []
  for (const server of servers) {
    let connection: Connection | null = null
    try {
      connection = await Connection.open(server, directory)
      const done = await at(connection, directory, job, nowMs())
      skipped.delete(keyOf(server))
      return done as DoneOf<T>
    } catch (error) {
      const said = `${keyOf(server)}: ${(error as Error).message}`
      if (!(error instanceof Unreachable)) return { ok: false, reason: 'refused', why: said }
      skipped.set(keyOf(server), nowMs() + directory.skipMs)
      why.push(said)
    } finally {
      connection?.close()
    }
  }
  return { ok: false, reason: 'unreachable', why: why.join(' · ') }
}

async function at(
  connection: Connection,
  directory: Directory,
  job: Job,
  nowMs: number,
): Promise<DoneOf<Job>> {
  await bindSelf(connection, directory)
  if (job.do === 'find') return { ok: true, person: await find(connection, directory, job, nowMs) }
  if (job.do === 'list') return list(connection, directory, job, nowMs)
  if (job.do === 'test') return test(connection, directory)
  return check(connection, directory, job, nowMs)
}

async function bindSelf(connection: Connection, { bindDn, bindPassword }: Directory) {
  if (bindDn === '') return
  const bound = await connection.bind(bindDn, bindPassword)
  if (bound.code !== 0)
    throw new Refused(`it does not let BINDDN in: ${bound.message || `code ${bound.code}`}`)
}

/** What says of somebody that they are not to be let in: Active Directory · 389 and its kin · OpenLDAP · eDirectory. */
const barring = [
  ...['userAccountControl', 'accountExpires', 'nsAccountLock', 'pwdAccountLockedTime'],
  'loginDisabled',
]

const search = (connection: Connection, directory: Directory, filter: string, limit: number) =>
  connection.search({
    base: directory.base,
    scope: directory.scope,
    filter: `(&${wrapped(directory.filter)}${filter})`,
    attributes: asked(directory),
    limit,
  })

const wrapped = (filter: string): string => (filter.startsWith('(') ? filter : `(${filter})`)

const asked = ({ attributes, loginNames, uidType }: Directory): string[] => [
  ...new Set([
    ...Object.values(attributes),
    ...loginNames,
    ...barring,
    ...(uidType === 'DN' ? [] : [uidType]),
  ]),
]

type Seen = { entry: Entry; person: FoundPerson }

/** Two of one name are nobody: which of them was meant would be a guess. */
async function seek(
  connection: Connection,
  directory: Directory,
  { by, value }: { by: 'name' | 'uid'; value: string },
  nowMs: number,
): Promise<Seen | null> {
  if (value === '' || value.length > longestName) return null
  const found =
    by === 'uid' && directory.uidType === 'DN'
      ? await byDn(connection, directory, value)
      : await search(
          connection,
          directory,
          by === 'uid' ? uidFilter(directory, value) : nameFilter(directory, value),
          2,
        )
  const [entry, another] = found
  if (!entry || another) return null
  const person = personOf(directory, entry, nowMs)
  return person && { entry, person }
}

const longestName = 1024

const find = async (...given: Parameters<typeof seek>): Promise<FoundPerson | null> =>
  (await seek(...given))?.person ?? null

const nameFilter = ({ loginNames }: Directory, name: string): string =>
  `(|${loginNames.map((attribute) => `(${attribute}=${escaped(name)})`).join('')})`

function uidFilter({ uidType }: Directory, uid: string): string {
  const bytes = isGuid(uidType) ? guidBytes(uid) : null
  return `(${uidType}=${bytes ? escapedBytes(bytes) : escaped(uid)})`
}

const isGuid = (uidType: string): boolean => /^objectguid$/i.test(uidType)

/** No further than the base, whatever it says. */
async function byDn(connection: Connection, directory: Directory, dn: string): Promise<Entry[]> {
  if (!isUnder(dn, directory.base)) return []
  const filter = wrapped(directory.filter)
  const attributes = asked(directory)
  try {
    return await connection.search({ base: dn, scope: 'BASE', filter, attributes, limit: 2 })
  } catch (error) {
    // There is nobody of this name any more.
    if (error instanceof Refused && /\((32|34)\)$/.test(error.message)) return []
    throw error
  }
}

const plainDn = (dn: string): string => dn.toLowerCase().replaceAll(/\s*([,=+])\s*/g, '$1')
export const isUnder = (dn: string, base: string): boolean =>
  plainDn(dn) === plainDn(base) || plainDn(dn).endsWith(`,${plainDn(base)}`)

function personOf(directory: Directory, entry: Entry, nowMs: number): FoundPerson | null {
  const values = (name: string | undefined) =>
    name === undefined ? [] : (entry.attributes.get(name.toLowerCase()) ?? [])
  const text = (name: string | undefined): string => values(name)[0]?.toString('utf8') ?? ''
  const { uidType, attributes } = directory
  const raw = values(uidType)[0]
  const uid =
    uidType === 'DN'
      ? entry.dn
      : isGuid(uidType) && raw?.length === 16
        ? guidText(raw)
        : text(uidType)
  const profile = Object.fromEntries(
    fields.map((field) => [field, text(attributes[field]).slice(0, longestValue)]),
  ) as Record<(typeof fields)[number], string>
  if (uid === '' || profile.username === '') return null
  return { ...profile, uid, barred: isBarred(text, nowMs) }
}

const longestValue = 255
const accountDisable = 0x2
/** 100 nanoseconds since 1601, as Active Directory counts. */
const filetimeMs = (text: string): number => Number(text) / 10_000 - 11_644_473_600_000
const neverExpires = ['', '0', '9223372036854775807']

function isBarred(text: (name: string) => string, nowMs: number): boolean {
  const expires = text('accountExpires')
  return (
    (Number(text('userAccountControl')) & accountDisable) !== 0 ||
    (!neverExpires.includes(expires) && filetimeMs(expires) <= nowMs) ||
    /^true$/i.test(text('nsAccountLock')) ||
    /^true$/i.test(text('loginDisabled')) ||
    // Any other time is a lock that passes by itself, and what wrong passwords brought about.
    text('pwdAccountLockedTime') === '000001010000Z'
  )
}

/** Who is not there, or barred, costs what others do: a name that nobody has is tried in their place. */
async function check(
  connection: Connection,
  directory: Directory,
  { uid, passwords }: Job & { do: 'check' },
  nowMs: number,
): Promise<DoneOf<Job & { do: 'check' }>> {
  const seen = await seek(connection, directory, { by: 'uid', value: uid }, nowMs)
  const isThere = seen !== null && !seen.person.barred
  const dn = isThere ? seen.entry.dn : `cn=${crypto.randomUUID()},${directory.base}`
  let wrong: Wrong = isThere ? 'wrong' : 'gone'
  for (const [place, password] of passwords.entries()) {
    const bound = await connection.bind(dn, password)
    if (!isThere) continue
    const judged = judge(bound)
    if (judged === 'right') return { ok: true, right: place, wrong }
    wrong = judged
    if (judged !== 'wrong') break
  }
  return { ok: true, right: null, wrong }
}

const [success, invalidCredentials, busy, unavailable] = [0, 49, 51, 52]
/** What Active Directory puts into the text beside code 49. */
const activeDirectory: Record<string, Wrong> = {
  '532': 'expired',
  '773': 'must_change',
  '775': 'locked',
  '530': 'gone',
  '531': 'gone',
  '533': 'gone',
  '701': 'gone',
}
const policyErrors: Wrong[] = ['expired', 'locked', 'must_change']

/** A directory that lets somebody in only to change their password has not let them in. */
function judge({ code, message, policy }: Bound): 'right' | Wrong {
  if (code === busy || code === unavailable) throw new Unreachable(message || 'it is busy')
  if (policy !== null && policyErrors[policy]) return policyErrors[policy]
  if (code === success) return 'right'
  const data = /\bdata ([0-9a-f]+)/i.exec(message)?.[1]?.toLowerCase()
  if (code === invalidCredentials) return activeDirectory[data ?? ''] ?? 'wrong'
  // 53: OpenLDAP's word for a password that must be changed first or an account that is closed.
  return 'gone'
}

async function list(
  connection: Connection,
  directory: Directory,
  { patterns, limit }: Job & { do: 'list' },
  nowMs: number,
): Promise<DoneOf<Job & { do: 'list' }>> {
  const most = directory.sizeLimit === 0 ? limit : Math.min(limit, directory.sizeLimit)
  const conditions = Object.entries(patterns).map(([field, pattern = '*']) =>
    patternFilter(directory, field, pattern),
  )
  const usable = conditions.filter((one) => one !== null)
  if (usable.length < conditions.length) return { ok: true, people: [], cut: false }
  const filter = [`(${directory.loginNames[0]}=*)`, ...usable].join('')
  const entries = await search(connection, directory, filter, most + 1)
  const people = entries.flatMap((entry) => personOf(directory, entry, nowMs) ?? [])
  return { ok: true, people: people.slice(0, most), cut: entries.length > most }
}

/** @returns null where nobody can match it. */
function patternFilter(directory: Directory, field: string, pattern: string): string | null {
  if (/^\*+$/.test(pattern)) return ''
  if (field === 'userid') return directory.uidType === 'DN' ? null : uidFilter(directory, pattern)
  const attribute = directory.attributes[field as (typeof fields)[number]]
  if (attribute === undefined) return null
  return `(${attribute}=${pattern.split(/\*+/).map(escaped).join('*')})`
}

async function test(connection: Connection, directory: Directory) {
  const filter = `(${directory.loginNames[0]}=*)`
  const entries = await search(connection, directory, filter, testedPeople + 1)
  const people = entries.flatMap((entry) => personOf(directory, entry, 0) ?? [])
  const many = entries.length > testedPeople ? `more than ${testedPeople}` : String(people.length)
  if (entries.length > 0 && people.length === 0)
    throw new Refused(
      `nobody there has ${directory.uidType} and a name: look at UIDTYPE and USERINFO`,
    )
  return { ok: true, tested: `The directory answers, and finds ${many} people.` } as const
}

const testedPeople = 100
