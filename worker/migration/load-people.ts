/** People for local resolvers. A name that is there stays as it is; who is new is made together with their tokens (load-tokens.ts). */
import { toBase64url } from '../../schema/encoding.ts'
import { splitRealm } from '../challenge/whose.ts'
import { type Context, nowSeconds } from '../env.ts'
import { keepLegacy } from '../factor/legacy.ts'
import { refuse } from '../problem.ts'
import { type PersonLoaded, namesTaken } from '../store/bulk.ts'
import { nameKey } from '../store/name-key.ts'
import { readRealms } from '../store/realms.ts'
import { readResolvers } from '../store/resolvers.ts'
import type { PersonFound } from './privacyidea.ts'
import {
  type Found,
  type Load,
  type Outcome,
  alreadyThere,
  left,
  rowsAtOnce,
  taken,
} from './rows.ts'

export type Joining = {
  rows: PersonLoaded[]
  /** @param made the ids of those who were made; null where it is only tried. */
  outcomes(made: ReadonlySet<string> | null): Outcome[]
}

export async function judgePeople(
  context: Context,
  { customer }: Load,
  found: Found<PersonFound>,
): Promise<Joining> {
  if (found.rows.length + found.left.length > rowsAtOnce)
    refuse({
      reason: 'bad_parameter',
      field: 'file',
      mend: `has more than ${rowsAtOnce} users: split it`,
    })
  const outcomes = found.left.map((one) => left(one, one.why))
  if (found.rows.length === 0) return { rows: [], outcomes: () => outcomes }
  const placeOf = await places(context, customer)
  const placed = found.rows.map((person) => ({ person, place: placeOf(person) }))
  const names = placed.flatMap(({ person, place }) =>
    'resolver' in place ? [{ resolver: place.resolver, username: person.user }] : [],
  )
  const kept = await namesTaken(context.db, customer, names)
  const fresh: { person: PersonFound; row: PersonLoaded; note: string }[] = []
  for (const { person, place } of placed) {
    if ('why' in place) outcomes.push(left(person, place.why))
    else if (kept.has(nameOf(place.resolver, person.user))) outcomes.push(alreadyThere(person))
    else if (await isAmbiguous(context, customer, person.user))
      outcomes.push(left(person, 'the username ends in the name of a realm'))
    else {
      const { kept: passwordHash, why } = await keepLegacy(context, person.hash)
      const row = {
        id: toBase64url(context.random(16)),
        customer,
        resolver: place.resolver,
        username: person.user,
        usernameKey: nameKey(person.user),
        ...person.profile,
        // A password that cannot be checked is none: nothing but the right one logs in.
        passwordHash: why === '' ? passwordHash : null,
        createdAt: nowSeconds(context),
        uid: null,
        sessionMark: '',
      }
      fresh.push({ person, row, note: why && `the password is not taken, set a new one: ${why}` })
      kept.add(nameOf(place.resolver, person.user))
    }
  }
  return {
    rows: fresh.map(({ row }) => row),
    outcomes: (made) =>
      [
        ...outcomes,
        ...fresh.map(({ person, row, note }) =>
          made === null || made.has(row.id) ? taken(person, note) : alreadyThere(person),
        ),
      ].toSorted((a, b) => a.row - b.row),
  }
}

const nameOf = (resolver: string, username: string): string =>
  JSON.stringify([resolver, nameKey(username)])

/** user@realm of one of ours would be read as somebody else's name at every login. */
const isAmbiguous = async (context: Context, customer: string, name: string): Promise<boolean> =>
  (await splitRealm(context, customer, name, '')).username !== name

type Place = { resolver: string } | { why: string }

/** The resolver that is named, where it is one of ours; else the first of the realm that keeps people here. */
async function places(context: Context, customer: string) {
  const resolvers = await readResolvers(context.db, customer)
  const local = resolvers.filter(({ type }) => type === 'local').map(({ name }) => name)
  const realms = await readRealms(context.db, customer)
  return ({ realm, resolver }: PersonFound): Place => {
    if (local.includes(nameKey(resolver))) return { resolver: nameKey(resolver) }
    const of = realms.find(({ name, isDefault }) =>
      realm === '' ? isDefault : name === nameKey(realm),
    )
    if (!of) return { why: `there is no realm '${realm.slice(0, 64)}': make it first` }
    const first = of.resolvers.find(({ name }) => local.includes(name))
    return first
      ? { resolver: first.name }
      : { why: `the realm '${of.name}' has no local resolver: give it one first` }
  }
}
