/** Reads what a request says of a directory, over what is kept of it. */
import { type Config, type Directory, censored, configFrom } from '../../directory/parameters.ts'
import type { Context } from '../../env.ts'
import { openedPassword, read } from '../../people/ask.ts'
import { refuse } from '../../problem.ts'
import type { ResolverRow } from '../../store/resolvers.ts'
import type { Parameters } from './parameters.ts'

export type DirectoryAsked = {
  /** The password in the clear. */
  config: Config
  directory: Directory
  unused: string[]
  /** '' where there is nothing to warn of. */
  warning: string
}

const plainly =
  'WARNING: LDAPURI has ldap://, so every password that is checked travels readable to whoever is between. Use ldaps://.'

/** @throws Refusal bad_parameter · missing_parameter */
export async function directoryAsked(
  context: Context,
  customer: string,
  parameters: Parameters,
  known: ResolverRow | undefined,
): Promise<DirectoryAsked> {
  const before = known?.config ?? {}
  const { config, unused } = configFrom(parameters, before)
  const isKept = !parameters.has('BINDPW') || parameters.get('BINDPW') === censored
  if (isKept) {
    // Whoever may point us at another server must not be handed the password there.
    if (before.BINDPW && goesElsewhere(before, config))
      refuse({
        reason: 'bad_parameter',
        field: 'BINDPW',
        mend: 'must be told anew: it is kept for the servers and the BINDDN that were there',
      })
    if (parameters.get('BINDPW') === censored && !before.BINDPW)
      refuse({ reason: 'bad_parameter', field: 'BINDPW', mend: 'is not kept here: tell it' })
    if (before.BINDPW && known)
      config.BINDPW = await openedPassword(
        context,
        { customer, resolver: known.name },
        before.BINDPW,
      )
  }
  const directory = await read(context, customer, config)
  const warning = directory.servers.some(({ tls }) => !tls) ? plainly : ''
  return { config, directory, unused, warning }
}

const goesElsewhere = (before: Config, now: Config): boolean =>
  ['LDAPURI', 'BINDDN', 'CONNECTOR'].some((name) => (before[name] ?? '') !== (now[name] ?? ''))
