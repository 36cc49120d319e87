/** How native apps are pushed to: gateways in D1, their service accounts sealed. An isolate remembers what it reads here. */
import { and, asc, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { utf8 } from '../../schema/encoding.ts'
import { gateways } from '../../schema/tables.ts'
import { seal, unseal } from '../crypto/seal.ts'
import type { Context } from '../env.ts'
import type { FcmGateway, ServiceAccount } from '../push/fcm.ts'
import { forgetWith, remembered } from './cache.ts'

export type GatewayRow = typeof gateways.$inferSelect

/** An account opens in the row that it was written for, and in no other. */
const identity = ({ customer, name }: Pick<GatewayRow, 'customer' | 'name'>): string =>
  `gateway/${customer}/${name}`

const usualAddress = 'https://fcm.googleapis.com'

export const readGateways = (db: D1Database, customer: string): Promise<GatewayRow[]> =>
  drizzle(db)
    .select()
    .from(gateways)
    .where(eq(gateways.customer, customer))
    .orderBy(asc(gateways.id))

/** @returns null where there is none of this name, or it has no account that this master key opens. */
export async function findGateway(
  context: Context,
  customer: string,
  name: string,
): Promise<FcmGateway | null> {
  const row = await remembered(context, `gateway/${customer}/${name}`, async () => {
    const [found] = await drizzle(context.db)
      .select()
      .from(gateways)
      .where(and(eq(gateways.customer, customer), eq(gateways.name, name)))
    return found ?? null
  })
  if (!row?.account) return null
  const opened = await unseal(context.deployment.master, identity(row), row.account)
  if (!opened) return null
  return {
    account: JSON.parse(new TextDecoder().decode(opened)) as ServiceAccount,
    address: row.options['address'] ?? usualAddress,
    version: row.account,
  }
}

export type GatewayWish = {
  customer: string
  name: string
  module: string
  description: string
  options: Record<string, string>
  /** null: as it was. */
  account: ServiceAccount | null
}

/** @returns its number, whether it was there or is new. */
export async function writeGateway(
  context: Context,
  { account, ...wish }: GatewayWish,
): Promise<number> {
  const { master } = context.deployment
  const sealed =
    account && (await seal(master, identity(wish), utf8(JSON.stringify(account)), context.random))
  const { customer: _, name: __, ...set } = wish
  const [rows] = (await forgetWith(context, [
    drizzle(context.db)
      .insert(gateways)
      .values({ ...wish, account: sealed })
      .onConflictDoUpdate({
        target: [gateways.customer, gateways.name],
        set: { ...set, ...(sealed !== null && { account: sealed }) },
      })
      .returning({ id: gateways.id }),
  ])) as [{ id: number }[]]
  return rows[0]?.id ?? 0
}

/** Without some of what it says of itself. */
export async function narrowGateway(
  context: Context,
  id: number,
  left: Partial<Pick<GatewayRow, 'options' | 'account'>>,
): Promise<void> {
  await forgetWith(context, [
    drizzle(context.db).update(gateways).set(left).where(eq(gateways.id, id)),
  ])
}

export async function deleteGateway(context: Context, id: number): Promise<void> {
  await forgetWith(context, [drizzle(context.db).delete(gateways).where(eq(gateways.id, id))])
}
