/**
 * Loads tokens that another system had. A serial that is here with the same seed is there already, with another one it stays as it
 * is; what is new is in force when this resolves, all of it or nothing. Statements of D1 do not grow with the rows.
 */
import { toBase64url } from '../../schema/encoding.ts'
import { changeManyTokens } from '../challenge/change-tokens.ts'
import { personOwner } from '../challenge/whose.ts'
import { ownerIdOf } from '../crypto/owner.ts'
import { seal, unseal } from '../crypto/seal.ts'
import { type OwnerId } from '../crypto/sealed-id.ts'
import { type Context, nowSeconds } from '../env.ts'
import { refuse } from '../problem.ts'
import {
  type Inserted,
  type PersonKept,
  type PersonLoaded,
  type TokenKept,
  type TokenLoaded,
  insertLoaded,
  peopleNamed,
  personIn,
  tokensNamed,
  withJoining,
} from '../store/bulk.ts'
import { readRealms, realmNamed } from '../store/realms.ts'
import { readSettings } from '../store/settings.ts'
import type { Joining } from './load-people.ts'
import {
  type Found,
  type Load,
  type Outcome,
  type TokenFound,
  alreadyThere,
  left,
  rowsAtOnce,
  taken,
} from './rows.ts'

const nobodyJoins: Joining = { rows: [], outcomes: () => [] }

type Judged = { token: TokenFound; person: (PersonKept & { realm: string }) | null }

/**
 * @param joining people who are made in the same breath.
 * @returns what became of them, and then of each row, in their order.
 */
export async function loadTokens(
  context: Context,
  { customer, dryRun }: Load,
  found: Found<TokenFound>,
  joining = nobodyJoins,
): Promise<Outcome[]> {
  if (found.rows.length + found.left.length > rowsAtOnce)
    refuse({
      reason: 'bad_parameter',
      field: 'file',
      mend: `has more than ${rowsAtOnce} rows: split it`,
    })
  const outcomes = found.left.map((one) => left(one, one.why))
  const fresh: Judged[] = []
  const serials = found.rows.map(({ serial }) => serial)
  const kept = await tokensNamed(context.db, serials)
  const whose = await ownersOf(context, customer, found.rows, joining.rows)
  const seen = new Set<string>()
  for (const token of found.rows) {
    const known = kept.get(token.serial)
    const person = whose(token)
    if (seen.has(token.serial)) outcomes.push(left(token, 'the serial stands in this file twice'))
    else if (known) outcomes.push(await compared(context, customer, token, known))
    else if (person === undefined) outcomes.push(left(token, nobody(token)))
    else fresh.push({ token, person })
    seen.add(token.serial)
  }
  const made = dryRun ? null : await insert(context, customer, fresh, joining.rows)
  for (const { token } of fresh)
    outcomes.push(
      made === null || made.serials.has(token.serial)
        ? taken(token, token.note)
        : left(
            token,
            'somebody else took the serial or the name in the same moment: load the file again',
          ),
    )
  return [...joining.outcomes(made && made.ids), ...outcomes.toSorted((a, b) => a.row - b.row)]
}

const nobody = ({ owner }: TokenFound): string =>
  owner?.realm
    ? `there is no user ${owner.username} in the realm ${owner.realm}: make the user first`
    : `there is no user ${owner?.username} in the default realm: make the user first`

/** What is here stays: whoever loads a file again changes nothing. */
async function compared(
  context: Context,
  customer: string,
  token: TokenFound,
  known: TokenKept,
): Promise<Outcome> {
  const { serial, seed, type } = token
  const another = 'the serial is that of another token'
  if (known.customer !== customer || known.seed === null) return left(token, another)
  const own = await unseal(context.deployment.master, `seed/${serial}`, known.seed)
  const same = own?.length === seed.length && own.every((byte, index) => byte === seed[index])
  if (!same) return left(token, `${another}: its key is not this one`)
  return type === known.type ? alreadyThere(token) : left(token, `it is here, as ${known.type}`)
}

/** @returns who a token will belong to: null for nobody, undefined where there is no such person. */
async function ownersOf(
  context: Context,
  customer: string,
  rows: TokenFound[],
  joining: PersonLoaded[],
) {
  const owners = rows.flatMap(({ owner }) => owner ?? [])
  const realms = new Map<string, string | null>()
  for (const { realm } of owners)
    if (!realms.has(realm)) realms.set(realm, await realmNamed(context, customer, realm))
  const asked = owners.flatMap((owner) => {
    const realm = realms.get(owner.realm)
    return realm ? [{ ...owner, realm }] : []
  })
  const kept = await peopleNamed(context.db, customer, asked)
  if (joining.length > 0) withJoining(kept, joining, await readRealms(context.db, customer))
  return ({ owner }: TokenFound) => {
    if (owner === null) return null
    const realm = realms.get(owner.realm)
    const person = realm && personIn(kept, { ...owner, realm })
    return realm && person ? { ...person, realm } : undefined
  }
}

async function insert(
  context: Context,
  customer: string,
  fresh: Judged[],
  joining: PersonLoaded[],
): Promise<Inserted> {
  const { maxFailCount } = await readSettings(context, customer)
  const rows = await Promise.all(
    fresh.map((one) => rowOf(context, { customer, maxFailCount }, one)),
  )
  // Nothing anywhere has seen those who join: they are there when their tokens are.
  const unknown = new Set(joining.map(({ id }) => id))
  const owners = rows.flatMap(({ person, ownerId }) =>
    person === null || unknown.has(person) ? [] : [ownerId as OwnerId],
  )
  return changeManyTokens(
    context,
    customer,
    async () => [...new Set(owners)],
    () => insertLoaded(context, { people: joining, tokens: rows }),
  )
}

async function rowOf(
  context: Context,
  { customer, maxFailCount }: { customer: string; maxFailCount: number },
  { token, person }: Judged,
): Promise<TokenLoaded> {
  const { master } = context.deployment
  const { serial } = token
  return {
    serial,
    customer,
    ownerId: person
      ? await personOwner(context, customer, person.realm, person.id)
      : await nobodysOwner(context, customer, serial),
    person: person?.id ?? null,
    realm: person?.realm ?? null,
    type: token.type,
    description: token.description,
    realms: token.realms,
    pinHash: token.pinHash,
    seed: await seal(master, `seed/${serial}`, token.seed, context.random),
    otpLength: token.length,
    hashlib: token.hashlib,
    timeStep: token.timeStep,
    timeWindow: token.timeWindow ?? 180,
    countWindow: token.countWindow ?? 10,
    syncWindow: token.syncWindow ?? 1000,
    counter: token.counter,
    timeShift: token.timeShift,
    validUntil: token.validUntil,
    active: token.active,
    revoked: token.revoked,
    failCount: token.failCount,
    maxFailCount: token.maxFailCount ?? maxFailCount,
    createdAt: nowSeconds(context),
  }
}

/** An owner that nobody was before: no object can hold anything about it, so a thousand of them need not be told. */
const nobodysOwner = (context: Context, customer: string, serial: string): Promise<OwnerId> =>
  ownerIdOf(
    context.deployment.master,
    { kind: 'token', customer, serial: `${serial}/${toBase64url(context.random(12))}` },
    context.database,
  )
