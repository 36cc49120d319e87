/** Asks a resolver's directory: reads its configuration, opens its password, and refuses where nobody there answers. */
import { utf8 } from '../../schema/encoding.ts'
import { throughConnector } from '../connector/reach.ts'
import { seal, unseal } from '../crypto/seal.ts'
import type { DoneOf, Job } from '../directory/job.ts'
import { type Config, type Directory, directoryOf } from '../directory/parameters.ts'
import { workAt } from '../directory/work.ts'
import type { Context } from '../env.ts'
import { Refusal, refuse } from '../problem.ts'
import { logFailure } from '../record/log.ts'
import { rememberedResolver } from '../store/resolvers.ts'
import { readSettings } from '../store/settings.ts'

export type Place = { customer: string; resolver: string }

const sealedFor = ({ customer, resolver }: Place): string => `resolver|${customer}|${resolver}`

export const sealedPassword = (context: Context, place: Place, password: string): Promise<string> =>
  seal(context.deployment.master, sealedFor(place), utf8(password), context.random)

/** @returns '' where there is none, or it cannot be opened. */
export async function openedPassword(
  context: Context,
  place: Place,
  sealed: string | undefined,
): Promise<string> {
  if (!sealed) return ''
  const bytes = await unseal(context.deployment.master, sealedFor(place), sealed)
  return bytes ? new TextDecoder().decode(bytes) : ''
}

/** @param config with the password in the clear. @throws Refusal bad_parameter */
export async function read(context: Context, customer: string, config: Config): Promise<Directory> {
  const { ldapWithoutTls } = await readSettings(context, customer)
  return directoryOf(config, ldapWithoutTls === 1)
}

/** As it is configured. @throws Refusal directory_unavailable where it is not what it was, or no directory. */
export async function directoryAt(context: Context, place: Place): Promise<Directory> {
  const row = await rememberedResolver(context, place.customer, place.resolver)
  if (row?.type !== 'ldapresolver') return unavailable(place, 'it is no directory any more')
  const BINDPW = await openedPassword(context, place, row.config.BINDPW)
  try {
    return await read(context, place.customer, { ...row.config, BINDPW })
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { failure } = error
    return unavailable(place, `field` in failure ? `look at ${failure.field}` : failure.reason)
  }
}

/** Asked by the Worker itself, or by a connector beside the directory. */
export const askAt = <T extends Job>(
  context: Context,
  place: Place,
  directory: Directory,
  job: T,
): Promise<DoneOf<T>> =>
  directory.connector === ''
    ? workAt(directory, job, context.nowMs)
    : throughConnector(context, place, directory, job)

/** @throws Refusal directory_unavailable */
export async function ask<T extends Job>(
  context: Context,
  place: Place,
  job: T,
): Promise<Exclude<DoneOf<T>, { ok: false }>> {
  const done = await askAt(context, place, await directoryAt(context, place), job)
  if (!done.ok) return unavailable(place, done.why)
  return done as Exclude<DoneOf<T>, { ok: false }>
}

function unavailable({ resolver }: Place, why: string): never {
  logFailure(`directory ${resolver}`, new Error(why))
  refuse({ reason: 'directory_unavailable', resolver })
}
