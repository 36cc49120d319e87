/**
 * The connector's own file: where the deployment is, which directories it may ask for it and how, and with which password. What is
 * not in here it does not do, whatever it is asked.
 */
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import * as v from 'valibot'
import { serversIn } from '../../directory/parameters.ts'
import type { Server } from '../../directory/connection.ts'
import { Refusal } from '../settings.ts'

const operations = ['find', 'check', 'list'] as const

const Local = v.strictObject({
  LDAPURI: v.string(),
  /** Nothing above it is read, whatever base is asked for. */
  LDAPBASE: v.string(),
  BINDDN: v.optional(v.string(), ''),
  BINDPW: v.optional(v.string()),
  /** Instead of BINDPW: its first line. */
  BINDPW_FILE: v.optional(v.string()),
  /** Certificates in PEM that vouch for the servers. */
  CA_FILE: v.optional(v.string()),
  /** Whoever does not match it is not there, whatever else is asked. */
  LDAPSEARCHFILTER: v.optional(v.string(), '(objectClass=*)'),
  operations: v.optional(v.array(v.picklist(operations)), [...operations]),
  /** Only these are read; all where it is left out. */
  attributes: v.optional(v.array(v.string())),
  /** ldap:// is allowed: between this program and the directory passwords travel readable. */
  without_tls: v.optional(v.boolean(), false),
})
const File = v.strictObject({
  server: v.string(),
  /** Where the key is kept, and made when it enrols. */
  key: v.optional(v.string(), 'connector-key.json'),
  /** What it calls itself in the list of connectors. */
  label: v.optional(v.string(), ''),
  /** By the names of the resolvers. */
  directories: v.record(v.string(), Local),
})

export type LocalDirectory = {
  servers: Server[]
  base: string
  bindDn: string
  bindPassword: string
  ca: string | undefined
  filter: string
  operations: readonly string[]
  attributes: string[] | undefined
}
export type ConnectorSettings = {
  server: string
  key: string
  label: string
  directories: Map<string, LocalDirectory>
}

/** @throws Refusal that says what is wrong with the file. */
export function readConnectorSettings(path: string): ConnectorSettings {
  const file = v.safeParse(File, parsed(path))
  if (!file.success) {
    const [issue] = file.issues
    throw new Refusal(`${path}: ${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`)
  }
  const beside = (name: string): string => resolve(dirname(path), name)
  const { server, key, label, directories } = file.output
  const origin = originOf(server)
  return {
    server: origin,
    key: beside(key),
    label,
    directories: new Map(
      Object.entries(directories).map(([name, local]) => [
        name.toLowerCase(),
        directoryOf(local, beside, `${path}: ${name}`),
      ]),
    ),
  }
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new Refusal(`${path} cannot be read: ${(error as Error).message}`)
  }
}

/** Passwords travel to it: by TLS, or not beyond this machine. */
function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  const isHere = url !== null && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname)
  if (url === null || !(url.protocol === 'https:' || (url.protocol === 'http:' && isHere)))
    throw new Refusal(`"server" must be the https:// address of the deployment, not ${text}`)
  return url.origin
}

function directoryOf(
  local: v.InferOutput<typeof Local>,
  beside: (name: string) => string,
  where: string,
): LocalDirectory {
  const read = (name: string): string => {
    try {
      return readFileSync(beside(name), 'utf8')
    } catch (error) {
      throw new Refusal(`${where}: ${(error as Error).message}`)
    }
  }
  const { BINDDN: bindDn, BINDPW_FILE: file, CA_FILE: ca } = local
  if (file !== undefined && process.platform !== 'win32' && statSync(beside(file)).mode & 0o077)
    throw new Refusal(`${beside(file)} can be read by others: chmod 600 it`)
  const bindPassword = local.BINDPW ?? (file === undefined ? '' : read(file).split(/\r?\n/)[0]!)
  if (bindDn !== '' && bindPassword === '')
    throw new Refusal(`${where}: BINDDN needs BINDPW or BINDPW_FILE`)
  return {
    servers: servers(local.LDAPURI, local.without_tls, where),
    base: local.LDAPBASE,
    bindDn,
    bindPassword,
    ca: ca === undefined ? undefined : read(ca),
    filter: local.LDAPSEARCHFILTER,
    operations: local.operations,
    attributes: local.attributes?.map((name) => name.toLowerCase()),
  }
}

function servers(text: string, plain: boolean, where: string): Server[] {
  try {
    return serversIn(text, plain)
  } catch {
    const mend = plain ? 'ldaps:// or ldap://' : 'ldaps:// ("without_tls": true allows ldap://)'
    throw new Refusal(`${where}: LDAPURI must name servers by ${mend}, with commas between`)
  }
}
