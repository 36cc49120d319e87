/**
 * A store as a large customer's: people, tokens, policies and a trail. It is made once, by SQL, and kept beside the results; each
 * run works on a copy. The device ids are genuine, so that everyone in it can be asked and can answer.
 */
import { createHash, webcrypto } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromBase64url } from '../../schema/encoding.ts'
import { type PublicJwk, publicHalf, thumbprint } from '../../schema/jws.ts'
import { ownerIdOf } from '../../worker/crypto/owner.ts'
import { random } from '../../worker/crypto/random.ts'
import { seal } from '../../worker/crypto/seal.ts'
import { sealId } from '../../worker/crypto/sealed-id.ts'
import { readJson } from '../../worker/local/keys.ts'
import { startFloor, startOurs } from './servers.ts'

export type Size = { people: number; policies: number; audit: number }
export const usual: Size = { people: 100_000, policies: 50, audit: 1_000_000 }

/** Everyone's device has the same key: it costs the server the same, and one signs for all. */
export type DeviceKeys = { privateKey: CryptoKey; publicKey: PublicJwk }
export type Owner = { user: string; ownerId: string; deviceId: string; serial: string }
export type Store = {
  /** State folder of ours, a fresh copy. */
  state: string
  /** Storage folder of the floor, a fresh copy. */
  floor: string
  keys: DeviceKeys
  owner(index: number): Promise<Owner>
  people: number
}

export const port = 8791
export const floorPort = 8792
const kept = fileURLToPath(new URL('../../.bench', import.meta.url))
const adminPassword = 'correct horse battery staple'
/** One in five has a TOTP token beside their device. */
const second = (index: number): boolean => index % 5 === 0

const customer = 'default'
const realm = 'default'
const personId = (index: number): string => `person-${index}`
const serialOf = (index: number): string => `PUSH${String(index).padStart(8, '0')}`
const userOf = (index: number): string => `user${index}`
const chunk = 2000

/**
 * Made where it is not there or the schema has changed, by servers on both ports: nothing may run there.
 * @returns its folder.
 */
export async function keepStore(size: Size, say: (line: string) => void): Promise<string> {
  const folder = join(kept, `${size.people}-${size.audit}-${schemaMark()}`)
  if (!existsSync(join(folder, 'ready'))) await make(folder, size, say)
  return folder
}

/**
 * @param name of the copy: two runs side by side have one each.
 * @returns a fresh copy of the store.
 */
export async function openStore(
  size: Size,
  say: (line: string) => void,
  name = 'run',
): Promise<Store> {
  const folder = await keepStore(size, say)
  const run = join(kept, name)
  rmSync(run, { recursive: true, force: true })
  cpSync(folder, run, { recursive: true })
  return {
    state: join(run, 'state'),
    floor: join(run, 'floor'),
    keys: await readKeys(folder),
    owner: await ownersOf(join(folder, 'state')),
    people: size.people,
  }
}

/** Another schema, or another way of filling it, is another store. */
function schemaMark(): string {
  const hash = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)))
  for (const name of readdirSync(new URL('../../schema/migrations', import.meta.url)).toSorted())
    hash.update(name)
  return hash.digest('hex').slice(0, 8)
}

async function make(folder: string, size: Size, say: (line: string) => void): Promise<void> {
  say(`Making a store of ${size.people} people and ${size.audit} rows of the trail, once …`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await makeKeys(folder)
  const state = join(folder, 'state')
  const ours = await startOurs({ port, state, adminPassword })
  await fillOurs(await ours.d1(), folder, size)
  await ours.stop()
  const floor = await startFloor(floorPort, join(folder, 'floor'))
  await fillFloor(await floor.d1(), state, size)
  await floor.stop()
  writeFileSync(join(folder, 'ready'), '')
}

async function fillOurs(db: D1Database, folder: string, size: Size): Promise<void> {
  const owner = await ownersOf(join(folder, 'state'))
  const { publicKey } = await readKeys(folder)
  const master = await masterOf(join(folder, 'state'))
  for (let from = 0; from < size.people; from += chunk) {
    const rows = await Promise.all(
      Array.from({ length: Math.min(chunk, size.people - from) }, async (_, at) => {
        const index = from + at
        const seed = second(index) ? await seal(master, otpSerial(index), random(20), random) : null
        return { ...(await owner(index)), index, person: personId(index), seed }
      }),
    )
    const json = JSON.stringify(rows)
    const value = (name: string) => `value ->> '$.${name}'`
    await db.batch([
      db
        .prepare(
          `insert into people (id, customer, resolver, username, username_key, givenname, surname, email, created_at)
           select ${value('person')}, '${customer}', 'local', ${value('user')}, ${value('user')}, 'Given', 'Surname',
             ${value('user')} || '@example.com', 0 from json_each(?)`,
        )
        .bind(json),
      db
        .prepare(
          `insert into tokens (serial, customer, owner_id, person, realm, type, rollout_state, public_key, device_id,
             device_name, push_configuration, created_at, enrolled_at, assigned_at)
           select ${value('serial')}, '${customer}', ${value('ownerId')}, ${value('person')}, '${realm}', 'push', 'enrolled', ?2,
             ${value('deviceId')}, 'Pixel', 'web push', 0, 0, 0 from json_each(?1)`,
        )
        .bind(json, JSON.stringify(publicKey)),
      db
        .prepare(
          `insert into tokens (serial, customer, owner_id, person, realm, type, rollout_state, seed, created_at, enrolled_at)
           select 'TOTP' || substr(${value('serial')}, 5), '${customer}', ${value('ownerId')}, ${value('person')}, '${realm}', 'totp',
             'enrolled', ${value('seed')}, 0, 0 from json_each(?) where ${value('seed')} is not null`,
        )
        .bind(json),
    ])
  }
  await fillPolicies(db, size.policies)
  await fillTrail(db, size)
}

const otpSerial = (index: number): string => `TOTP${serialOf(index).slice(4)}`

/** Beside the two of a fresh deployment: about other realms, some people, networks and times, as they grow over the years. */
async function fillPolicies(db: D1Database, count: number): Promise<void> {
  const rows = Array.from({ length: count - 2 }, (_, at) => ({
    name: `policy-${at}`,
    scope: at % 3 === 0 ? 'authorization' : 'authentication',
    realm: at % 2 === 0 ? [`realm-${at}`] : [],
    user: at % 2 === 1 ? [`user${at}`, `/^service-${at}-.*$/`] : [],
    client: at % 5 === 0 ? [`10.${at}.0.0/16`, `!10.${at}.1.0/24`] : [],
    time: at % 7 === 0 ? 'Mon-Fri: 9-18' : '',
    action:
      at % 3 === 0 ? { tokentype: 'push totp' } : { push_text_on_mobile: `Login ${at} {user}` },
  }))
  await db
    .prepare(
      `insert into policies (customer, name, scope, active, priority, realm, resolver, user, adminrealm, adminuser, client, time,
         action, description)
       select '${customer}', value ->> '$.name', value ->> '$.scope', 1, 5, value -> '$.realm', '[]', value -> '$.user', '[]', '[]',
         value -> '$.client', value ->> '$.time', value -> '$.action', '' from json_each(?)`,
    )
    .bind(JSON.stringify(rows))
    .run()
}

async function fillTrail(db: D1Database, { audit, people }: Size): Promise<void> {
  const now = Math.floor(Date.now() / 1000)
  for (let from = 0; from < audit; from += 50_000) {
    const count = Math.min(50_000, audit - from)
    await db
      .prepare(
        `with recursive n(i) as (select ?1 union all select i + 1 from n where i + 1 < ?1 + ?2)
         insert into audit (customer, at, number, action, success, serial, user, realm, application, client, detail)
         select '${customer}', ?3 - (?4 - i) * 3, i, case i % 3 when 0 then 'trigger' when 1 then 'answer' else 'redeem' end, 1,
           printf('PUSH%08d', (i / 3 * 7919) % ?5), 'user' || ((i / 3 * 7919) % ?5), '${realm}', 'try', '192.0.2.7',
           '{"notified":true,"origin":"client"}' from n`,
      )
      .bind(from, count, now, audit, people)
      .run()
  }
}

async function fillFloor(db: D1Database, state: string, { people }: Size): Promise<void> {
  const owner = await ownersOf(state)
  await db.exec('create table token (owner text not null, copy text not null)')
  await db.exec('create index token_by_owner on token (owner)')
  for (let from = 0; from < people; from += chunk) {
    const rows = await Promise.all(
      Array.from({ length: Math.min(chunk, people - from) }, (_, at) => owner(from + at)),
    )
    await db
      .prepare(`insert into token select value ->> '$.ownerId', value from json_each(?)`)
      .bind(JSON.stringify(rows))
      .run()
  }
}

/** The ids of the person at an index, as their enrolment would have made them. */
async function ownersOf(state: string): Promise<Store['owner']> {
  const master = await masterOf(state)
  const { publicKey } = await readKeys(join(state, '..'))
  const bound = await thumbprint(publicKey)
  return async (index) => {
    const person = { kind: 'person', customer, realm, person: personId(index) } as const
    const ownerId = await ownerIdOf(master, person, 0)
    // Of zeros, so that the same person has the same device id each time it is asked for.
    const zeros = (count: number) => new Uint8Array(count)
    const deviceId = await sealId({ master, kind: 'device', bound }, ownerId, 0, zeros)
    return { user: userOf(index), ownerId, deviceId, serial: serialOf(index) }
  }
}

async function masterOf(state: string): Promise<CryptoKey> {
  const { masterKey } = await readJson<{ masterKey: string }>(
    join(state, 'keys', 'deployment.json'),
  )
  return crypto.subtle.importKey('raw', fromBase64url(masterKey)!, 'HKDF', false, [
    'deriveBits',
    'deriveKey',
  ])
}

async function makeKeys(folder: string): Promise<void> {
  const { privateKey } = await webcrypto.subtle.generateKey(p256, true, ['sign', 'verify'])
  const jwk = await webcrypto.subtle.exportKey('jwk', privateKey)
  writeFileSync(join(folder, 'device.json'), JSON.stringify(jwk))
}

const p256 = { name: 'ECDSA', namedCurve: 'P-256' }

async function readKeys(folder: string): Promise<DeviceKeys> {
  const jwk = await readJson<JsonWebKey>(join(folder, 'device.json'))
  return {
    privateKey: await crypto.subtle.importKey('jwk', jwk, p256, false, ['sign']),
    publicKey: publicHalf(jwk as Parameters<typeof publicHalf>[0]),
  }
}
