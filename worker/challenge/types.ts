/** Which token types a request is about: as far as the policies let an application choose, and ask in a second step. */
import type { Context } from '../env.ts'
import { valueOf } from '../policy/match.ts'
import { readPolicies } from '../store/policies.ts'
import type { Whose } from './whose.ts'

/** @returns the types whose PIN alone makes a challenge: policy challenge_response. */
export async function challengeTypes(
  context: Context,
  owner: Whose,
  client: string | null,
): Promise<string[]> {
  return words(await said(context, owner, client, 'authentication', 'challenge_response'))
}

/** @returns the type that the application named, where policy application_tokentype lets it. */
export async function typesAsked(
  context: Context,
  owner: Whose,
  client: string | null,
  asked: string,
): Promise<{ types?: string[] }> {
  if (asked === '') return {}
  const may = await said(context, owner, client, 'authorization', 'application_tokentype')
  return may === true ? { types: words(asked) } : {}
}

const words = (value: unknown): string[] =>
  typeof value === 'string' ? value.toLowerCase().split(/\s+/).filter(Boolean) : []

async function said(
  context: Context,
  { address, about }: Whose,
  client: string | null,
  scope: 'authentication' | 'authorization',
  action: string,
): Promise<unknown> {
  const policies = await readPolicies(context, address.customer)
  const subject = { ...about, ...(client !== null && { client }), nowMs: context.nowMs() }
  const found = valueOf(policies, scope, action, subject)
  return found && 'value' in found ? found.value : null
}
