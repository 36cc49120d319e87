/** People and realms in D1. Names are looked up in any letter case and lead to one immutable id. */
import { and, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { people, realms } from '../../schema/tables.ts'
import type { Context } from '../env.ts'
import { remembered } from './cache.ts'

export type Person = typeof people.$inferSelect
export type PersonName = { customer: string; realm: string; username: string }

const key = (name: string): string => name.normalize('NFC').toLowerCase()

/** @returns the id of the person of this name, or null. */
export async function personId(
  context: Context,
  { customer, realm, username }: PersonName,
): Promise<string | null> {
  return remembered(context, `person/${customer}/${key(realm)}/${key(username)}`, async () => {
    const [row] = await drizzle(context.env.DB)
      .select({ id: people.id })
      .from(people)
      .where(
        and(
          eq(people.customer, customer),
          eq(people.realm, key(realm)),
          eq(people.usernameKey, key(username)),
        ),
      )
    return row?.id ?? null
  })
}

export async function findPerson(context: Context, id: string): Promise<Person | null> {
  const [row] = await drizzle(context.env.DB).select().from(people).where(eq(people.id, id))
  return row ?? null
}

/** @returns false where the name is taken. */
export async function insertPerson(
  context: Context,
  person: Omit<Person, 'usernameKey'>,
): Promise<boolean> {
  const made = await drizzle(context.env.DB)
    .insert(people)
    .values({ ...person, realm: key(person.realm), usernameKey: key(person.username) })
    .onConflictDoNothing()
    .returning({ id: people.id })
  return made.length === 1
}

/** @returns the realm of this name, the default one for '', or null. */
export async function realmNamed(
  context: Context,
  customer: string,
  name: string,
): Promise<string | null> {
  const all = await remembered(context, `realms/${customer}`, () =>
    drizzle(context.env.DB).select().from(realms).where(eq(realms.customer, customer)),
  )
  const found = all?.find((realm) => (name === '' ? realm.isDefault : realm.name === key(name)))
  return found?.name ?? null
}
