/** Which token types a request is about: as far as the policies let an application choose. */
import type { Context } from '../env.ts'
import { saidOf } from '../store/policies.ts'
import type { Whose } from './whose.ts'

/** @returns the type that the application named, where policy application_tokentype lets it. */
export async function typesAsked(
  context: Context,
  owner: Whose,
  client: string | null,
  asked: string,
): Promise<{ types?: string[] }> {
  if (asked === '') return {}
  const { customer } = owner.address
  const about = subject(owner, client)
  const may = await saidOf(context, customer, 'authorization', 'application_tokentype', about)
  return may === true ? { types: words(asked) } : {}
}

const words = (value: unknown): string[] =>
  typeof value === 'string' ? value.toLowerCase().split(/\s+/).filter(Boolean) : []

const subject = ({ about }: Whose, client: string | null) => ({
  ...about,
  ...(client !== null && { client }),
})
