/** A token as D1 has it. */
import { sql } from 'drizzle-orm'
import { tokens } from '../../../schema/tables.ts'

export type TokenRow = typeof tokens.$inferSelect

export type TokenType = TokenRow['type']

export type NewToken = typeof tokens.$inferInsert

export type TokenChange = Partial<Omit<TokenRow, 'serial' | 'customer' | 'type'>>

/** Begun by a login and not finished: no token yet. */
export const isUnfinished = sql`(${tokens.begunByLogin} = 1 and ${tokens.rolloutState} = 'clientwait')`
