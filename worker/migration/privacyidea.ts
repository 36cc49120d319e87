/**
 * What privacyIDEA exports, as JSON: the tokens of its janitor (3.11 and 3.12 write them alike, older YAML has the same keys), its
 * policies, its answers of GET /user/, and the PIN hashes of its table `token`, which no export of its own has. Text in, rows out; pure.
 */
import { refuse } from '../problem.ts'
import { wholeSteps } from './pskc-open.ts'
import { type Found, type Left, type Owner, type Row, type TokenFound, plainToken } from './rows.ts'
import { hashlibNamed, noteOf, problemOf, problemOfSerial, seedFrom } from './seed.ts'

type Entry = Record<string, unknown>

/** A PIN as that server keeps it, '' for none. */
export type PinFound = Row & { serial: string; hash: string; seed: string }
export type PersonFound = Row & {
  user: string
  realm: string
  resolver: string
  profile: Record<(typeof profileFields)[number], string>
  /** As that directory keeps it, '' for none. */
  hash: string
}
export type PolicyFound = Row & { policy: string; entry: Entry }

export const profileFields = [
  'givenname',
  'surname',
  'email',
  'phone',
  'mobile',
  'description',
] as const

export type PrivacyIdea = {
  tokens: Found<TokenFound>
  /** null: the file says nothing of PINs. */
  pins: PinFound[] | null
  people: Found<PersonFound>
  policies: Found<PolicyFound>
}

/** @throws Refusal import_refused */
export function readPrivacyIdea(text: string): PrivacyIdea {
  const { tokens, pins, users, policies } = partsOf(parsed(text))
  return {
    tokens: sorted(tokens.map(tokenOf)),
    pins: pins && pins.map(pinOf),
    people: sorted(users.map(personOf)),
    policies: sorted(policies.map(policyOf)),
  }
}

/** The PINs beside a file that the janitor encrypted. @throws Refusal import_refused */
export const readPins = (text: string): PinFound[] => entriesOf(parsed(text)).map(pinOf)

const yamlToJson =
  "python3 -c 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)' < tokens.yaml > tokens.json"

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    if (/^\s*-\s/.test(text)) no(`The file is YAML. Make it JSON: ${yamlToJson}`)
    if (/^\s*[[{]\s*[{']/.test(text) && text.includes("'"))
      no('The file is Python. Export it again with: pi-manage config export -f json')
    return no('The file is not JSON. For what the token janitor encrypts, send its key as well.')
  }
}

type Parts = { tokens: Entry[]; pins: Entry[] | null; users: Entry[]; policies: Entry[] }

/** A list says by its entries what it is; an answer of the API has it under result.value. */
function partsOf(file: unknown): Parts {
  const none: Parts = { tokens: [], pins: null, users: [], policies: [] }
  if (Array.isArray(file)) {
    const entries = entriesOf(file)
    const [first = {}] = entries
    if ('scope' in first) return { ...none, policies: entries }
    if ('serial' in first) return { ...none, tokens: entries }
    if ('username' in first) return { ...none, users: entries }
    return no('The list has neither serials, nor user names, nor policies.')
  }
  if (!isEntry(file)) return no('The file is JSON, but neither a list nor an object.')
  const { result } = file
  if (isEntry(result)) return partsOf(result.value)
  const { tokens, pins, users, policy, policies } = file
  const parts = {
    tokens: entriesOf(tokens),
    pins: pins === undefined ? null : entriesOf(pins),
    users: entriesOf(users),
    policies: entriesOf(policy ?? policies),
  }
  if (Object.values(parts).every((part) => part === null || part.length === 0))
    no('The file has none of: tokens, pins, users, policy.')
  return parts
}

/** An object by name is a list of its values, each with its name. */
function entriesOf(part: unknown): Entry[] {
  if (Array.isArray(part)) return part.map((one) => (isEntry(one) ? one : {}))
  if (!isEntry(part)) return []
  return Object.entries(part).map(([name, one]) => ({ name, ...(isEntry(one) ? one : {}) }))
}

const isEntry = (value: unknown): value is Entry =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const text = (value: unknown): string =>
  typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : ''
const truth = (value: unknown, otherwise: boolean): boolean =>
  value === undefined || value === null ? otherwise : /^(true|1)$/i.test(String(value))
/** @returns undefined where nothing is said, NaN where it is no number. */
const numberIn = (...values: unknown[]): number | undefined => {
  const said = values.find((value) => value !== undefined && value !== null && value !== '')
  return said === undefined ? undefined : Number(said)
}
const within = (value: number | undefined, least: number, most: number): number | null =>
  value !== undefined && Number.isInteger(value) && value >= least && value <= most ? value : null

function tokenOf(entry: Entry, index: number): TokenFound | Left {
  // Older exports have it all in one, newer ones the info apart.
  const info = {
    ...entry,
    ...asEntry(entry.info),
    ...asEntry(entry.tokeninfo),
    ...asEntry(entry.info_list),
  }
  const serial = text(entry.serial)
  const owner = ownerOf(entry)
  const about = { row: index + 1, serial, ...(owner && { user: owner.username }) }
  const type = (text(entry.type) || text(entry.tokentype)).toLowerCase()
  const key = text(entry.otpkey)
  const seed = seedFrom(key)
  const timeStep = type === 'totp' ? (numberIn(info.timeStep) ?? 30) : 30
  const kind = {
    type,
    length: numberIn(entry.otplen) ?? 6,
    timeStep,
    counter: numberIn(entry.count, entry.counter) ?? 0,
  }
  const hashlib = text(info.hashlib) || 'sha1'
  const shift = type === 'totp' ? (numberIn(info.timeShift) ?? 0) : 0
  const state = text(entry.rollout_state)
  const why =
    problemOfSerial(serial) ||
    (type === 'hotp' || type === 'totp' ? '' : problemOfType(type)) ||
    (key === '' ? 'there is no key in it (otpkey)' : '') ||
    (state === '' || state === 'enrolled'
      ? ''
      : `its enrolment was not finished (${state.slice(0, 20)})`) ||
    problemOf(kind, seed, hashlib) ||
    (Number.isFinite(shift) ? '' : 'its timeShift is no number')
  if (why !== '' || !seed) return { ...about, why }
  return {
    ...plainToken,
    ...about,
    ...kind,
    type: type === 'totp' ? 'totp' : 'hotp',
    hashlib: hashlibNamed(hashlib) ?? 'sha1',
    timeShift: wholeSteps(shift, timeStep),
    description: text(entry.description).slice(0, 80),
    seed,
    owner,
    active: truth(entry.active, true) && !truth(entry.locked, false),
    revoked: truth(entry.revoked, false),
    failCount: within(numberIn(entry.failcount), 0, 10_000) ?? 0,
    maxFailCount: within(numberIn(entry.maxfail), 1, 10_000),
    countWindow: within(numberIn(entry.count_window, entry.window), 1, 1000),
    syncWindow: within(numberIn(entry.sync_window), 1, 10_000),
    timeWindow: within(numberIn(info.timeWindow), 0, 3600),
    validUntil: endOf(info.validity_period_end),
    note: noteOf(seed),
  }
}

const asEntry = (value: unknown): Entry => (isEntry(value) ? value : {})

const problemOfType = (type: string): string =>
  type === 'push'
    ? 'a push token is bound to its server: enrol the device here'
    : `the type '${type.slice(0, 40)}' is not kept here`

/** `user: {login, realm, resolver}`, or `owner: login@realm`, `n/a` for nobody. */
function ownerOf(entry: Entry): Owner | null {
  const user = asEntry(entry.user)
  const username = text(user.login) || text(user.username)
  if (username !== '') return { username, realm: text(user.realm), resolver: text(user.resolver) }
  const owner = text(entry.owner)
  const at = owner.lastIndexOf('@')
  if (owner === '' || owner === 'n/a') return null
  return at > 0
    ? { username: owner.slice(0, at), realm: owner.slice(at + 1), resolver: '' }
    : { username: owner, realm: '', resolver: '' }
}

function endOf(value: unknown): number | null {
  const at = Date.parse(text(value).replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
  return Number.isFinite(at) ? Math.floor(at / 1000) : null
}

const pinOf = (entry: Entry, index: number): PinFound => ({
  row: index + 1,
  serial: text(entry.serial),
  hash: text(entry.pin_hash),
  seed: text(entry.pin_seed),
})

/** The same that POST /user/ takes. */
const longestName = 255
const usernameForm = new RegExp(`^[^\\\\\\p{C}]{1,${longestName}}$`, 'u')

function personOf(entry: Entry, index: number): PersonFound | Left {
  const user = text(entry.username) || text(entry.login)
  const about = { row: index + 1, user }
  const profile = Object.fromEntries(
    profileFields.map((field) => [field, valueOf(entry[field])]),
  ) as PersonFound['profile']
  const long = profileFields.find((field) => profile[field].length > longestName)
  if (user === '') return { ...about, why: 'there is no username' }
  if (!usernameForm.test(user))
    return { ...about, why: 'the username has a backslash, control characters, or more than 255' }
  if (long) return { ...about, why: `${long} is longer than ${longestName} characters` }
  return {
    ...about,
    realm: text(entry.realm),
    resolver: text(entry.resolver),
    profile,
    hash: text(entry.password_hash) || text(entry.password),
  }
}

/** Directories give several phone numbers; the first is kept. */
const valueOf = (value: unknown): string => text(Array.isArray(value) ? value[0] : value)

function policyOf(entry: Entry, index: number): PolicyFound | Left {
  const policy = text(entry.name)
  const about = { row: index + 1, policy }
  if (policy === '') return { ...about, why: 'there is no name' }
  const beyond = (['pinode', 'user_agents', 'conditions'] as const).find(
    (field) => Array.isArray(entry[field]) && (entry[field] as unknown[]).length > 0,
  )
  if (beyond)
    return {
      ...about,
      why: `it is limited by ${beyond}, which nothing looks at here: it would hold for more than it says`,
    }
  return { ...about, entry }
}

function sorted<T extends Row>(read: (T | Left)[]): Found<T> {
  const isLeft = (one: T | Left): one is Left => 'why' in one
  return {
    rows: read.filter((one): one is T => !isLeft(one)),
    left: read.filter(isLeft),
  }
}

function no(why: string): never {
  refuse({ reason: 'import_refused', why })
}
