/**
 * A code that an administrator gives to somebody who has no device, with which they sign in to see to their own devices, once. It is no
 * token: no login of an application ever compares it, so it cannot stand in for a second factor there.
 */
import { normaliseCrockford, toCrockford } from '../../schema/crockford.ts'
import { toBase64url } from '../../schema/encoding.ts'
import { hmac } from '../crypto/derive.ts'
import type { OwnerId } from '../crypto/sealed-id.ts'
import { type Context, nowSeconds } from '../env.ts'
import { putSignInCode, takeSignInCode } from '../store/sign-ins.ts'

/** 80 random bits. */
const letters = 16
/** Long enough for a letter of the morning, too short for a drawer. */
const codeSeconds = 86_400

const hashOf = async ({ deployment }: Context, ownerId: OwnerId, code: string): Promise<string> =>
  toBase64url(await hmac(deployment.master, 'sign-in-code', JSON.stringify([ownerId, code])))

export async function makeSignInCode(
  context: Context,
  customer: string,
  ownerId: OwnerId,
): Promise<{ code: string; expiresAt: number }> {
  const code = toCrockford(context.random((letters * 5) / 8), letters)
  const expiresAt = nowSeconds(context) + codeSeconds
  const hash = await hashOf(context, ownerId, code)
  await putSignInCode(context.db, { ownerId, customer, hash, expiresAt })
  return { code, expiresAt }
}

export const useSignInCode = async (
  context: Context,
  ownerId: OwnerId,
  typed: string,
): Promise<boolean> =>
  takeSignInCode(
    context.db,
    { ownerId, hash: await hashOf(context, ownerId, normaliseCrockford(typed)) },
    nowSeconds(context),
  )
