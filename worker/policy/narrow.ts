/** Nobody hands on networks that they do not have themselves. */
import { isExclusion } from './match.ts'
import { contains, parseAddress } from './network.ts'

/**
 * Networks for somebody who may be heard from `own` only: those asked for, if each lies within one of theirs, with what theirs
 * leave out; theirs where none is asked for.
 * @returns null where one is asked for that reaches beyond.
 */
export function narrowed(own: string[], asked: string[]): string[] | null {
  if (own.length === 0) return asked
  if (asked.length === 0) return own
  const mine = own.filter((entry) => !isExclusion(entry))
  const included = asked.filter((entry) => !isExclusion(entry))
  // A list of exclusions alone reaches everywhere else.
  const isInside = (entry: string) => mine.some((network) => containsNetwork(network, entry))
  if (mine.length > 0 && (included.length === 0 || !included.every(isInside))) return null
  return [...new Set([...asked, ...own.filter(isExclusion)])]
}

function containsNetwork(outer: string, inner: string): boolean {
  const [base = '', prefix] = inner.split('/')
  const address = parseAddress(base)
  const bits = (network: string): number => {
    const [of = '', length] = network.split('/')
    return length === undefined ? (parseAddress(of)?.bits ?? 0) : Number(length)
  }
  const length = prefix === undefined ? (address?.bits ?? 0) : Number(prefix)
  return address !== null && bits(outer) <= length && contains(outer)(address)
}
