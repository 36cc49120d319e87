/** RFC 7009: an application gives back what it was granted. Of what is not its own it learns nothing. */
import { sha256 } from '../../schema/encoding.ts'
import { deleteGrant, findToken } from '../store/grants.ts'
import type { Known } from './known.ts'

export async function revokeToken(
  { context, registration }: Pick<Known, 'context' | 'registration'>,
  text: string,
): Promise<void> {
  const found = await findToken(context.db, await sha256(text))
  if (found?.grant.application === registration.application)
    await deleteGrant(context.db, found.grant.id)
}
