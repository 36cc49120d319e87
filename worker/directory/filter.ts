/**
 * Search filters of RFC 4515, from their text to the bytes of RFC 4511. A name is put into a filter by `escaped` and no other way.
 * `ldapts` has a parser of its own, which turns `\c3\a9` into two letters: no objectGUID would be found by it.
 */
import type { BerWriter } from 'ldapts'

/** RFC 4515 §3: what would end a value or stand for others. */
export const escaped = (value: string): string =>
  // oxlint-disable-next-line no-control-regex -- NUL is one of them.
  value.replaceAll(/[\\*()\0]/g, (one) => `\\${one.charCodeAt(0).toString(16).padStart(2, '0')}`)

export const escapedBytes = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')

const deepest = 32
const sets = { '&': 0xa0, '|': 0xa1 } as const
const comparisons = { '=': 0xa3, '>=': 0xa5, '<=': 0xa6, '~=': 0xa8 } as const
const [notTag, substringsTag, presentTag, extensibleTag] = [0xa2, 0xa4, 0x87, 0xa9]

/** @throws Error where it is not one whole filter. */
export function writeFilter(writer: BerWriter, text: string): void {
  const end = writeAt(writer, text, 0, 0)
  if (end !== text.length) throw new Error(`unexpected text after the filter: ${text.slice(end)}`)
}

/** @returns where it ends. */
function writeAt(writer: BerWriter, text: string, at: number, depth: number): number {
  if (depth > deepest) throw new Error('the filter is nested too deeply')
  if (text[at] !== '(') throw new Error(`'(' is missing at ${at}`)
  const kind = text[at + 1] ?? ''
  if (kind !== '&' && kind !== '|' && kind !== '!') return writeItem(writer, text, at + 1)
  writer.startSequence(kind === '!' ? notTag : sets[kind])
  let next = writeAt(writer, text, at + 2, depth + 1)
  if (kind !== '!') while (text[next] === '(') next = writeAt(writer, text, next, depth + 1)
  writer.endSequence()
  if (text[next] !== ')') throw new Error(`')' is missing at ${next}`)
  return next + 1
}

const itemForm = /^([\w.;-]*)((?::[\w.-]+)*:=|[<>~]?=)(.*)$/s

function writeItem(writer: BerWriter, text: string, at: number): number {
  const end = text.indexOf(')', at)
  const [, attribute = '', operator = '', value = ''] =
    itemForm.exec(text.slice(at, end < 0 ? undefined : end)) ?? []
  if (end < 0 || operator === '' || value.includes('('))
    throw new Error(`not understood: ${text.slice(at)}`)
  if (operator.endsWith(':=')) writeExtensible(writer, attribute, operator, value)
  else if (attribute === '') throw new Error(`an attribute is missing at ${at}`)
  else if (operator === '=' && value === '*') writer.writeString(attribute, presentTag)
  else if (operator === '=' && value.includes('*')) writeSubstrings(writer, attribute, value)
  else {
    writer.startSequence(comparisons[operator as keyof typeof comparisons])
    writer.writeString(attribute)
    writer.writeBuffer(bytesOf(value), 0x04)
    writer.endSequence()
  }
  return end + 1
}

function writeSubstrings(writer: BerWriter, attribute: string, value: string): void {
  const parts = value.split('*')
  writer.startSequence(substringsTag)
  writer.writeString(attribute)
  writer.startSequence()
  for (const [place, part] of parts.entries()) {
    const tag = place === 0 ? 0x80 : place === parts.length - 1 ? 0x82 : 0x81
    if (part !== '') writer.writeBuffer(bytesOf(part), tag)
  }
  writer.endSequence()
  writer.endSequence()
}

/** `userAccountControl:1.2.840.113556.1.4.803:=2`, `memberOf:1.2.840.113556.1.4.1941:=…`, `ou:dn:=people`. */
function writeExtensible(writer: BerWriter, attribute: string, operator: string, value: string) {
  const words = operator.slice(0, -2).split(':').filter(Boolean)
  const isDn = words[0]?.toLowerCase() === 'dn'
  const [rule, ...more] = isDn ? words.slice(1) : words
  if (more.length > 0 || (attribute === '' && rule === undefined))
    throw new Error(`not understood: ${attribute}${operator}`)
  writer.startSequence(extensibleTag)
  if (rule !== undefined) writer.writeString(rule, 0x81)
  if (attribute !== '') writer.writeString(attribute, 0x82)
  writer.writeBuffer(bytesOf(value), 0x83)
  if (isDn) writer.writeBoolean(true, 0x84)
  writer.endSequence()
}

function bytesOf(value: string): Buffer {
  const parts = value.split('\\')
  const bytes = parts.slice(1).map((part) => {
    if (!/^[0-9a-f]{2}/i.test(part)) throw new Error(`not two hexadecimal digits: \\${part}`)
    return Buffer.concat([Buffer.from(part.slice(0, 2), 'hex'), Buffer.from(part.slice(2))])
  })
  return Buffer.concat([Buffer.from(parts[0] ?? ''), ...bytes])
}
