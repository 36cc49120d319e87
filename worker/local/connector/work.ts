/** Does one job that the Worker asks for, as far as the connector's own file allows it. */
import * as v from 'valibot'
import { Asked } from '../../directory/asked.ts'
import { Done, Job } from '../../directory/job.ts'
import type { Directory } from '../../directory/parameters.ts'
import { isUnder, workAt } from '../../directory/work.ts'
import type { LocalDirectory } from './settings.ts'

export type Question = { resolver: string; directory: unknown; job: unknown }

const refused = (why: string): Done => ({ ok: false, reason: 'refused', why })

export async function workFor(
  directories: Map<string, LocalDirectory>,
  { resolver, ...question }: Question,
): Promise<Done> {
  const local = directories.get(resolver)
  if (!local) return refused(`the connector's file has no directory '${resolver}'`)
  const asked = v.safeParse(Asked, question.directory)
  const job = v.safeParse(Job, question.job)
  if (!asked.success || !job.success) return refused('the connector does not understand: update it')
  const { do: operation } = job.output
  if (!local.operations.includes(operation === 'test' ? 'find' : operation))
    return refused(`the connector's file does not allow '${operation}'`)
  if (!isUnder(asked.output.base, local.base))
    return refused(`the connector's file does not allow the base ${asked.output.base}`)
  const { loginNames, attributes, uidType } = asked.output
  const wanted = [...loginNames, ...Object.values(attributes), uidType].filter(
    (one) => one !== undefined && one !== 'DN',
  ) as string[]
  const forbidden = wanted.find((one) => !(local.attributes?.includes(one.toLowerCase()) ?? true))
  if (forbidden !== undefined)
    return refused(`the connector's file does not allow the attribute ${forbidden}`)
  const { servers, bindDn, bindPassword, ca } = local
  const wrapped = (filter: string) => (filter.startsWith('(') ? filter : `(${filter})`)
  const directory: Directory = {
    ...asked.output,
    attributes: attributes as Directory['attributes'],
    filter: `(&${wrapped(local.filter)}${wrapped(asked.output.filter)})`,
    servers,
    bindDn,
    bindPassword,
    ca,
    cacheSeconds: 0,
    skipMs: 30_000,
    connector: '',
  }
  return workAt(directory, job.output, () => Date.now())
}
