/**
 * What the runtime gives (`Env`) and what the code may use (`Deployment`: checked, decoded, keys imported).
 * A missing or broken value is told with its name; nothing starts on a guess.
 */
import { importJWK } from 'jose'
import type { KeyChain } from '../schema/chain.ts'
import { fromBase64url } from '../schema/encoding.ts'
import { publicHalf, thumbprint } from '../schema/jws.ts'
import { trailSeconds } from '../schema/limits.ts'

export type Env = {
  ASSETS: Fetcher
  /** The first database: it knows where each customer lives. */
  DB: D1Database
  /** Further ones, DB_1, DB_2, …, without a gap. */
  [further: `DB_${number}`]: D1Database | undefined
  /** One object an owner; typed in challenge/reach.ts. */
  COORDINATOR: DurableObjectNamespace
  /** One object for each name of connectors of a customer; typed in connector/reach.ts. */
  CONNECTORS: DurableObjectNamespace
  /** One object an application; typed in webhook/tell.ts. */
  MESSENGER: DurableObjectNamespace
  /** Where old records go; where there is none, they are deleted. */
  ARCHIVE?: R2Bucket
  /** The origin people and devices know, without a slash at the end. */
  PUBLIC_URL: string
  ISSUER: string
  /** '' at the edge · `loopback` · `network`: where the local server listens. */
  LISTENER: string
  /** '' · eu · fedramp: where objects are placed. */
  JURISDICTION: string
  TRUSTED_PROXIES: string
  /** Push hosts allowed beside the known ones, comma separated. */
  PUSH_HOSTS: string
  /** How long what happened is gathered before it is written to D1; 0: not at all. */
  TRAIL_SECONDS: string
  VAPID_SUBJECT: string
  VAPID_PUBLIC_KEY: string
  VAPID_PRIVATE_KEY: string
  KEY_CHAIN: string
  SIGNING_KEY: string
  MASTER_KEY: string
  PEPPER: string
  /** `<id>_<secret>` of the Try-it application; '' wherever the listener or PUBLIC_URL is not loopback. */
  TRY_API_KEY: string
}

export type Deployment = {
  origin: string
  issuer: string
  /** Cloudflare says who calls; on this machine only what listens on loopback knows its peer; elsewhere nobody does. */
  listener: 'edge' | 'loopback' | 'network'
  /** Listener and PUBLIC_URL are both this machine: the only place where callers need no key. */
  loopback: boolean
  jurisdiction: '' | 'eu' | 'fedramp'
  trustedProxies: string[]
  pushHosts: string[]
  /** The trail, receipts and counters in D1 may be so much older than what happened. */
  trailSeconds: number
  vapid: { subject: string; publicKey: string; privateKey: string }
  chain: KeyChain
  rootThumbprint: string
  signing: { key: CryptoKey; kid: string }
  /** HKDF key material: every other symmetric key is derived from it by name (crypto/derive.ts). */
  master: CryptoKey
  pepper: string
  tryApiKey: string
}

const deployments = new WeakMap<Env, Promise<Deployment>>()

/** @throws Error naming the binding that is missing or broken. */
export function deploymentOf(env: Env): Promise<Deployment> {
  let deployment = deployments.get(env)
  if (!deployment) {
    deployment = checkEnv(env)
    deployments.set(env, deployment)
  }
  return deployment
}

async function checkEnv(env: Env): Promise<Deployment> {
  const origin = new URL(required(env, 'PUBLIC_URL')).origin
  const chain = JSON.parse(required(env, 'KEY_CHAIN')) as KeyChain
  const signingJwk = JSON.parse(required(env, 'SIGNING_KEY'))
  const masterBytes = fromBase64url(required(env, 'MASTER_KEY'))
  if (masterBytes?.length !== 32) throw new Error('MASTER_KEY must be 32 bytes, base64url')
  if (fromBase64url(required(env, 'PEPPER'))?.length !== 32)
    throw new Error('PEPPER must be 32 bytes, base64url')
  const listener = oneOf(
    env.LISTENER || 'edge',
    ['edge', 'loopback', 'network'] as const,
    'LISTENER',
  )
  const loopback = listener === 'loopback' && isLoopbackHost(new URL(origin).hostname)
  return {
    origin,
    issuer: env.ISSUER || 'Countersign',
    listener,
    loopback,
    jurisdiction: oneOf(env.JURISDICTION ?? '', ['', 'eu', 'fedramp'] as const, 'JURISDICTION'),
    trustedProxies: list(env.TRUSTED_PROXIES),
    pushHosts: list(env.PUSH_HOSTS),
    trailSeconds: wholeNumber(
      env.TRAIL_SECONDS || `${trailSeconds.usual}`,
      trailSeconds.most,
      'TRAIL_SECONDS',
    ),
    vapid: {
      subject: required(env, 'VAPID_SUBJECT'),
      publicKey: required(env, 'VAPID_PUBLIC_KEY'),
      privateKey: required(env, 'VAPID_PRIVATE_KEY'),
    },
    chain,
    rootThumbprint: await thumbprint(chain.root),
    signing: {
      key: (await importJWK(signingJwk, 'ES256')) as CryptoKey,
      kid: await thumbprint(publicHalf(signingJwk)),
    },
    master: await crypto.subtle.importKey('raw', masterBytes, 'HKDF', false, [
      'deriveBits',
      'deriveKey',
    ]),
    pepper: env.PEPPER,
    tryApiKey: loopback ? (env.TRY_API_KEY ?? '') : '',
  }
}

function required(env: Env, name: keyof Env): string {
  const value = env[name]
  if (typeof value !== 'string' || value === '') throw new Error(`The binding ${name} is missing`)
  return value
}

function oneOf<const T extends readonly string[]>(
  value: string,
  allowed: T,
  name: string,
): T[number] {
  if (!allowed.includes(value)) throw new Error(`${name} must be one of ${allowed.join(', ')}`)
  return value
}

function wholeNumber(text: string, most: number, name: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number > most)
    throw new Error(`${name} must be a whole number from 0 to ${most}`)
  return number
}

const list = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean)

export const isLoopbackHost = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)

/** What verbs at the edge work with. The clock and randomness are arguments. */
export type Context = {
  env: Env
  /** The number of the database of the customer that the request is about: 0 is `DB`. */
  database: number
  db: D1Database
  deployment: Deployment
  /** Epoch milliseconds. */
  nowMs: () => number
  random: (bytes: number) => Uint8Array<ArrayBuffer>
  /** Full where it is not given, and only tests give it: no binding or variable says it. */
  hashCost?: { N: number; r: number; p: number }
}

export const nowSeconds = ({ nowMs }: Pick<Context, 'nowMs'>): number => Math.floor(nowMs() / 1000)
