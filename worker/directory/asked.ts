/** As much of a directory's configuration as a connector is told: how people are found there, and nothing of how it is reached. */
import * as v from 'valibot'
import { fields } from './job.ts'
import type { Directory } from './parameters.ts'

const Attribute = v.pipe(v.string(), v.regex(/^[a-z][\w;.-]{0,63}$/i))

export const Asked = v.object({
  base: v.string(),
  scope: v.picklist(['BASE', 'LEVEL', 'SUBTREE']),
  loginNames: v.pipe(v.array(Attribute), v.minLength(1)),
  filter: v.string(),
  attributes: v.partial(v.object(v.entriesFromList(fields, Attribute))),
  uidType: Attribute,
  timeoutMs: v.pipe(v.number(), v.maxValue(30_000)),
  sizeLimit: v.number(),
})
export type Asked = v.InferOutput<typeof Asked>

export const askedOf = ({
  base,
  scope,
  loginNames,
  filter,
  attributes,
  uidType,
  timeoutMs,
  sizeLimit,
}: Directory): Asked => ({
  base,
  scope,
  loginNames,
  filter,
  attributes: attributes as Asked['attributes'],
  uidType,
  timeoutMs,
  sizeLimit,
})
