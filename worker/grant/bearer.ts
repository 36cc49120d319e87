/** Who shows an access token: the person whose login it came from. */
import { sha256 } from '../../schema/encoding.ts'
import { type Context, nowSeconds } from '../env.ts'
import { databaseOfKey, inDatabase } from '../store/databases.ts'
import { type Grant, findToken } from '../store/grants.ts'
import type { Person } from '../store/people.ts'
import { personOf } from './claims.ts'
import { oauthRefusal } from './refusal.ts'

/** @throws Refusal invalid_token */
export async function readBearer(
  here: Context,
  authorization: string | undefined,
): Promise<{ context: Context; grant: Grant; person: Person }> {
  const [, text = ''] = /^Bearer ([\w.-]{20,200})$/i.exec(authorization ?? '') ?? []
  const context = inDatabase(here, databaseOfKey(text))
  const found = context && (await findToken(context.db, await sha256(text)))
  const isGood =
    found?.token.kind === 'access' && found.token.expiresAt > nowSeconds(here) && text !== ''
  const person = isGood ? await personOf(context!, found.grant) : null
  if (!isGood || !person)
    return oauthRefusal('invalid_token', 'the access token is unknown, revoked or over')
  return { context: context!, grant: found.grant, person }
}
