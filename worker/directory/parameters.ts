/**
 * The parameters of an `ldapresolver`, as privacyIDEA names them: kept as they were set, and read into what is worked with.
 * What would be a lie to keep is refused: a TLS that is not checked, a login that is not simple, a directory that is written to.
 */
import { refuse } from '../problem.ts'
import { type Server } from './connection.ts'
import { writeFilter } from './filter.ts'
import { BerWriter } from 'ldapts'
import { type Field, fields } from './job.ts'

export type Config = Record<string, string>
/** In place of a password that is kept: given back, and taken for "as it was". */
export const censored = '__CENSORED__'

export type Directory = {
  servers: Server[]
  base: string
  scope: 'BASE' | 'LEVEL' | 'SUBTREE'
  bindDn: string
  /** In the clear: it never leaves the memory of whoever asks. */
  bindPassword: string
  loginNames: string[]
  /** Whom it is about at all. */
  filter: string
  attributes: Partial<Record<Field, string>>
  uidType: string
  timeoutMs: number
  cacheSeconds: number
  sizeLimit: number
  skipMs: number
  /** Asked through connectors of this name; '' where the Worker asks by itself. */
  connector: string
  ca?: string | undefined
}

const obeyed = [
  ...['LDAPURI', 'LDAPBASE', 'BINDDN', 'BINDPW', 'LOGINNAMEATTRIBUTE', 'LDAPSEARCHFILTER'],
  ...['USERINFO', 'UIDTYPE', 'SCOPE', 'TIMEOUT', 'CACHE_TIMEOUT', 'SIZELIMIT', 'SERVERPOOL_SKIP'],
  'CONNECTOR',
]
/** What these say holds here whatever they say, or refuses. */
const fixed = ['NOREFERRALS', 'AUTHTYPE', 'START_TLS', 'TLS_VERIFY', 'EDITABLE', 'Editable']
/** Kept as they are, and told to be of no use. */
const unused = [
  ...['NOSCHEMAS', 'TLS_VERSION', 'TLS_CA_FILE', 'MULTIVALUEATTRIBUTES', 'OBJECT_CLASSES'],
  ...['DN_TEMPLATE', 'SERVERPOOL_ROUNDS', 'SERVERPOOL_PERSISTENT', 'SERVERPOOL_STRATEGY'],
  ...['recursive_group_search', 'group_base_dn', 'group_search_filter', 'group_name_attribute'],
  ...['group_attribute_mapping_key'],
]
export const parameterNames = [...obeyed, ...fixed, ...unused]

const longest = 4000
const mostServers = 8

const bad = (field: string, mend: string): never => refuse({ reason: 'bad_parameter', field, mend })

type Given = { get: (name: string) => string; has: (name: string) => boolean }

/** @returns what was there with what is given over it. @throws Refusal bad_parameter */
export function configFrom(given: Given, before: Config): { config: Config; unused: string[] } {
  const config: Config = { ...before }
  for (const name of parameterNames)
    if (given.has(name)) {
      const value = given.get(name)
      if (value.length > longest) bad(name, `must be at most ${longest} characters`)
      config[name] = name === 'BINDPW' ? value : value.trim()
    }
  delete config.Editable
  return { config, unused: unused.filter((name) => (config[name] ?? '') !== '') }
}

const isTrue = (text: string | undefined): boolean => /^(1|true|yes)$/i.test(text ?? '')
const isFalse = (text: string | undefined): boolean => /^(0|false|no)$/i.test(text ?? '')

/**
 * @param plain ldap:// is allowed. @param config with the password in the clear. @throws Refusal bad_parameter, naming the parameter.
 */
export function directoryOf(config: Config, plain: boolean): Directory {
  const text = (name: string): string => config[name] ?? ''
  const need = (name: string): string =>
    text(name) || refuse({ reason: 'missing_parameter', field: name })
  const number = (name: string, min: number, max: number, otherwise: number): number => {
    if (text(name) === '') return otherwise
    const value = Number(text(name))
    if (!(value >= min && value <= max)) bad(name, `must be a number from ${min} to ${max}`)
    return value
  }
  if (isTrue(config.EDITABLE)) bad('EDITABLE', 'must be False: a directory is read and not changed')
  if (isTrue(config.START_TLS)) bad('START_TLS', 'must be False: use ldaps:// in LDAPURI')
  if (isFalse(config.TLS_VERIFY))
    bad('TLS_VERIFY', 'must be True: whose certificate is not checked could be anyone')
  if (!/^(|simple)$/i.test(text('AUTHTYPE'))) bad('AUTHTYPE', 'must be Simple')
  const scope = (text('SCOPE') || 'SUBTREE').toUpperCase()
  if (scope !== 'SUBTREE' && scope !== 'LEVEL' && scope !== 'BASE')
    return bad('SCOPE', 'must be SUBTREE, LEVEL or BASE')
  const connector = text('CONNECTOR').toLowerCase()
  if (connector !== '' && !/^[a-z0-9_.-]{1,64}$/.test(connector))
    bad('CONNECTOR', 'must be 1 to 64 letters, digits or any of _ . -')
  if (connector !== '')
    for (const name of ['LDAPURI', 'BINDDN', 'BINDPW'])
      if (text(name) !== '') bad(name, 'stays with the connector: leave it empty here')
  const loginNames = need('LOGINNAMEATTRIBUTE')
    .split(',')
    .map((name) => attribute('LOGINNAMEATTRIBUTE', name.trim()))
  const filter = need('LDAPSEARCHFILTER')
  try {
    writeFilter(new BerWriter(), filter)
  } catch (error) {
    bad('LDAPSEARCHFILTER', `must be one filter of RFC 4515: ${(error as Error).message}`)
  }
  const bindDn = text('BINDDN')
  if (bindDn !== '' && text('BINDPW') === '') bad('BINDPW', 'is needed with BINDDN')
  return {
    servers: connector === '' ? serversIn(need('LDAPURI'), plain) : [],
    base: need('LDAPBASE'),
    scope,
    bindDn,
    bindPassword: text('BINDPW'),
    loginNames,
    filter,
    attributes: attributesIn(text('USERINFO'), loginNames[0]!),
    uidType: uidTypeOf(text('UIDTYPE') || 'DN'),
    timeoutMs: number('TIMEOUT', 0.5, 30, 5) * 1000,
    cacheSeconds: number('CACHE_TIMEOUT', 0, longestCacheSeconds, 30),
    sizeLimit: number('SIZELIMIT', 0, 100_000, 500),
    skipMs: number('SERVERPOOL_SKIP', 0, 600, 30) * 1000,
    connector,
  }
}

/** Who was disabled in the directory is still let in for so long at the most. */
const longestCacheSeconds = 300

/** @throws Refusal bad_parameter */
export function serversIn(text: string, plain: boolean): Server[] {
  const servers = text
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean)
    .map((one) => serverOf(one, plain))
  if (servers.length === 0 || servers.length > mostServers)
    bad('LDAPURI', `must name 1 to ${mostServers} servers, with commas between`)
  return servers
}

function serverOf(text: string, plain: boolean): Server {
  const [, scheme = '', host = '', port = ''] =
    /^(ldaps?):\/\/(\[[0-9a-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?\/?$/i.exec(text) ?? []
  if (host === '' || Number(port) > 65_535)
    return bad('LDAPURI', 'must be like ldaps://ldap.example.org:636, with commas between several')
  const tls = scheme.toLowerCase() === 'ldaps'
  if (!tls && !plain)
    bad(
      'LDAPURI',
      'must begin with ldaps://: by ldap:// every password would travel readable. The setting LdapWithoutTls=1 allows it all the same',
    )
  return { host, port: Number(port) || (tls ? 636 : 389), tls }
}

function attribute(field: string, name: string): string {
  if (!/^[a-z][\w;.-]{0,63}$/i.test(name)) bad(field, 'must name attributes of the directory')
  return name
}

/** DN, objectGUID, entryUUID, or any attribute that never changes. */
const uidTypeOf = (text: string): string => (/^dn$/i.test(text) ? 'DN' : attribute('UIDTYPE', text))

function attributesIn(text: string, loginName: string): Directory['attributes'] {
  const found: Directory['attributes'] = { username: loginName }
  if (text === '') return found
  let mapping: unknown
  try {
    mapping = JSON.parse(text)
  } catch {
    // Told below.
  }
  if (typeof mapping !== 'object' || mapping === null || Array.isArray(mapping))
    return bad('USERINFO', 'must be a JSON object: our name of a field, and its attribute')
  for (const [field, name] of Object.entries(mapping))
    if (fields.includes(field as Field) && typeof name === 'string' && name !== '')
      found[field as Field] = attribute('USERINFO', name)
  return found
}
