/** A schema as lines: a name, what it is, what it means; what is inside stands indented below. */
import { element, prose } from './element.ts'
import type { Reader, Schema } from './reference.ts'

export function typeOf(schema: Schema, reader: Reader): string {
  const {
    type,
    enum: choices,
    const: only,
    items,
    anyOf,
    oneOf,
    minimum,
    maximum,
  } = reader.follow(schema)
  if (only !== undefined) return JSON.stringify(only)
  if (choices) return choices.map(String).join(' · ')
  const either = anyOf ?? oneOf
  if (either) return [...new Set(either.map((one) => typeOf(one, reader)))].join(' or ')
  if (items) return `list of ${typeOf(items, reader)}`
  const name = [type ?? 'anything'].flat().join(' or ')
  return minimum === undefined || maximum === undefined
    ? name
    : `${name} ${minimum.toLocaleString('en')}–${maximum.toLocaleString('en')}`
}

/** The lines below a schema, or nothing where it holds nothing that has a name. */
export function shapeOf(schema: Schema, reader: Reader): HTMLElement | undefined {
  const {
    properties,
    required = [],
    items,
    additionalProperties,
    anyOf,
    oneOf,
  } = reader.follow(schema)
  const entries: [string, Schema, boolean][] = Object.entries(properties ?? {}).map(
    ([name, one]) => [name, one, required.includes(name)],
  )
  if (typeof additionalProperties === 'object' && Object.keys(additionalProperties).length > 0)
    entries.push(['<name>', additionalProperties, false])
  if (entries.length > 0)
    return element(
      'ul',
      { class: 'shape' },
      ...entries.map(([name, one, always]) => line(name, one, always, reader)),
    )
  if (items) return shapeOf(items, reader)
  const inside = (anyOf ?? oneOf ?? []).map((one) => shapeOf(one, reader)).filter(Boolean)
  return inside.length > 0 ? element('div', {}, ...inside) : undefined
}

function line(name: string, schema: Schema, always: boolean, reader: Reader): HTMLElement {
  const { description = '' } = reader.follow(schema)
  return element(
    'li',
    {},
    element('code', {}, name),
    ' ',
    element('span', { class: 'type' }, typeOf(schema, reader) + (always ? '' : ', may be absent')),
    description !== '' && ' ',
    ...prose(description),
    shapeOf(schema, reader),
  )
}

/** What differs from answer to answer: inside privacyIDEA's envelope, its value and its detail. */
export function inEnvelope(schema: Schema): { value: Schema; detail?: Schema } | null {
  const own = schema.allOf?.[1]?.properties
  const value = own?.['result']?.properties?.['value']
  if (!value) return null
  const detail = own['detail']
  return { value, ...(detail && { detail }) }
}
