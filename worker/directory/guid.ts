/** An objectGUID as text: Active Directory keeps its first three parts with the lowest byte first. */

const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]

export function guidText(bytes: Uint8Array): string {
  const hex = order.map((at) => (bytes[at] ?? 0).toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** @returns null where it is none. */
export function guidBytes(text: string): Uint8Array | null {
  const hex = text.replaceAll(/[{}-]/g, '')
  if (!/^[0-9a-f]{32}$/i.test(hex)) return null
  return Uint8Array.from(order, (at) => Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16))
}
