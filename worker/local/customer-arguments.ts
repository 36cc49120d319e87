/** What `npm run customer` is told, and whether it can be so: read before all that takes long. */
import { parseArgs } from 'node:util'
import type { Customer } from './provision.ts'
import { Refusal } from './settings.ts'

export type Flags = { keys?: string | undefined; env?: string | undefined }

const usage =
  'Say what to do: npm run customer -- add <id> <name> [--database N] [--keys <folder> [--env <name>]]'

/** @throws Refusal in one sentence. */
export function readArguments(): { customer: Customer; flags: Flags } {
  const text = { type: 'string' } as const
  const options = { database: text, keys: text, env: text } as const
  let parsed
  try {
    parsed = parseArgs({ allowPositionals: true, options })
  } catch {
    throw new Refusal(usage)
  }
  const { positionals, values } = parsed
  const [verb, id = '', name = '', ...rest] = positionals
  if (verb !== 'add' || name === '' || rest.length > 0) throw new Refusal(usage)
  const database = Number(values.database ?? '0')
  if (!/^\d{1,3}$/.test(values.database ?? '0'))
    throw new Refusal(`--database must be a number, 0 for the first, not "${values.database}".`)
  const customer = { id, name, database }
  checkCustomer(customer)
  return { customer, flags: values }
}

function checkCustomer({ id, name }: Pick<Customer, 'id' | 'name'>): void {
  if (!/^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/.test(id))
    throw new Refusal(
      `The id must be small letters, digits and hyphens, at most 64, not "${id}": it stands in addresses.`,
    )
  if (name.trim() === '' || name.length > 64 || /\p{C}/u.test(name))
    throw new Refusal('The name must be 1 to 64 characters that can be shown.')
}
