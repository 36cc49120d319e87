/** Reads what the person who starts Countersign has set. A wrong value is refused in one sentence; nothing is guessed. */
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { trailSeconds } from '../../schema/limits.ts'

/** A refusal that is told as it stands, without a stack: the person can put it right. */
export class Refusal extends Error {}

export type Settings = {
  host: string
  /** 0: any free port. */
  port: number
  /** The origin people use; by default this machine's, at the port that is listened on. */
  publicUrl: string | null
  /** Absolute. */
  state: string
  adminPassword: string | null
  trustedProxies: string
  pushHosts: string
  /** As TRAIL_SECONDS in worker/env.ts. */
  trailSeconds: number
  /** How many: DB, DB_1, … Customers live in them, each in one. */
  databases: number
}

type Environment = Record<string, string | undefined>
const passwordLength = 8

/** @throws Refusal naming the value that is wrong. */
export function readSettings(env: Environment): Settings {
  return {
    host: host(env.HOST || '127.0.0.1'),
    port: port(env.PORT || '8787'),
    publicUrl: env.PUBLIC_URL ? publicUrl(env.PUBLIC_URL) : null,
    state: resolve(env.COUNTERSIGN_STATE || '.state'),
    adminPassword: adminPassword(env.COUNTERSIGN_ADMIN_PASSWORD || null),
    trustedProxies: addresses(env.TRUSTED_PROXIES ?? ''),
    pushHosts: pushHosts(env.PUSH_HOSTS ?? ''),
    trailSeconds: trail(env.TRAIL_SECONDS || `${trailSeconds.usual}`),
    databases: databases(env.COUNTERSIGN_DATABASES || '1'),
  }
}

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)

/** Where this machine itself reaches what listens there. */
export function listenAddress(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${isIP(reachable) === 6 ? `[${reachable}]` : reachable}:${port}`
}

/** Everything that listens on this machine only is reached as localhost, a name that passkeys accept. */
export function defaultPublicUrl(host: string, port: number): string {
  const anywhere = host === '0.0.0.0' || host === '::'
  if (anywhere || isLoopback(host)) return `http://localhost:${port}`
  return listenAddress(host, port)
}

/** @throws Refusal unless the text is an origin: what devices sign and check is compared letter by letter. */
export function publicUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new Refusal(`PUBLIC_URL must be an address like https://sign.example.org, not "${text}".`)
  if (url.pathname !== '/' || url.search || url.hash || url.username || url.password)
    throw new Refusal(`PUBLIC_URL must end after the host: "${url.origin}", not "${text}".`)
  return url.origin
}

function host(text: string): string {
  if (text === 'localhost') return '127.0.0.1'
  if (!isIP(text)) throw new Refusal(`HOST must be an IP address to listen on, not "${text}".`)
  return text
}

function port(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number > 65_535)
    throw new Refusal(`PORT must be a whole number from 0 to 65535, not "${text}".`)
  return number
}

function trail(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number > trailSeconds.most)
    throw new Refusal(
      `TRAIL_SECONDS must be a whole number from 0 to ${trailSeconds.most}, not "${text}".`,
    )
  return number
}

/** An owner's id has a byte for it. */
const mostDatabases = 256

function databases(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < 1 || number > mostDatabases)
    throw new Refusal(
      `COUNTERSIGN_DATABASES must be a whole number from 1 to ${mostDatabases}, not "${text}".`,
    )
  return number
}

function adminPassword(text: string | null): string | null {
  if (text !== null && text.length < passwordLength)
    throw new Refusal(`COUNTERSIGN_ADMIN_PASSWORD must have at least ${passwordLength} characters.`)
  return text
}

const items = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean)

/** Addresses and ranges of proxies whose forwarded address is believed. */
function addresses(text: string): string {
  for (const item of items(text)) {
    const [address = '', prefix, ...rest] = item.split('/')
    const family = isIP(address)
    const bits = prefix === undefined ? 0 : Number(prefix)
    const good =
      family && !rest.length && /^\d*$/.test(prefix ?? '') && bits <= (family === 6 ? 128 : 32)
    if (!good)
      throw new Refusal(
        `TRUSTED_PROXIES must be addresses like 10.0.0.1 or 10.0.0.0/8, not "${item}".`,
      )
  }
  return items(text).join(',')
}

function pushHosts(text: string): string {
  for (const item of items(text))
    if (!/^[a-z0-9.-]+$/i.test(item))
      throw new Refusal(`PUSH_HOSTS must be host names separated by commas, not "${item}".`)
  return items(text).join(',')
}
