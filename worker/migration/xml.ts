/**
 * XML of other systems as a tree of plain elements. The parser is strict and expands nothing but the five entities of XML itself; a
 * document type, which could name more, is refused before it is read. Prefixes and letter case of names are left out: privacyIDEA
 * writes PSKC in lower case.
 */
import { type XmlElement, parseXml } from '@rgrove/parse-xml'
import { refuse } from '../problem.ts'

export type Element = {
  name: string
  attributes: Record<string, string>
  text: string
  children: Element[]
}

/** @throws Refusal import_refused */
export function readXml(text: string): Element {
  if (/<!doctype|<!entity/i.test(text))
    refuse({
      reason: 'import_refused',
      why: 'The file has a document type (DTD). Take it out: nothing of it is read.',
    })
  try {
    const { root } = parseXml(text)
    if (root) return elementOf(root, 0)
  } catch (error) {
    refuse({ reason: 'import_refused', why: `The file is not well-formed XML${placeOf(error)}.` })
  }
  return refuse({ reason: 'import_refused', why: 'The file is not well-formed XML.' })
}

/** Where, and nothing of what stands there: it may be a key. */
function placeOf(error: unknown): string {
  const { line, column } = error as { line?: number; column?: number }
  return line === undefined ? '' : ` (line ${line}, column ${column})`
}

/** No file of keys is deeper. */
const deepest = 50

function elementOf(element: XmlElement, depth: number): Element {
  if (depth > deepest)
    refuse({ reason: 'import_refused', why: 'The file is nested deeper than any of its kind.' })
  return {
    name: local(element.name),
    attributes: Object.fromEntries(
      Object.entries(element.attributes).map(([name, value]) => [local(name), value]),
    ),
    text: element.text.trim(),
    children: element.children.flatMap((child) =>
      child.type === 'element' ? [elementOf(child as XmlElement, depth + 1)] : [],
    ),
  }
}

const local = (name: string): string => name.slice(name.indexOf(':') + 1).toLowerCase()

/** Follows names downwards; each step takes the first of its name. */
export function at(element: Element | undefined, ...path: string[]): Element | undefined {
  return path.reduce<Element | undefined>(
    (found, name) => found?.children.find((child) => child.name === name),
    element,
  )
}

export const textAt = (element: Element | undefined, ...path: string[]): string =>
  at(element, ...path)?.text ?? ''

export const all = (element: Element | undefined, name: string): Element[] =>
  element?.children.filter((child) => child.name === name) ?? []
