/** Compares secrets without telling by time where they differ. */
import { utf8 } from '../../schema/encoding.ts'

export function equalSecrets(actual: string, expected: string): boolean {
  const a = utf8(actual)
  const b = utf8(expected)
  let difference = a.length ^ b.length
  for (let i = 0; i < b.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)
  return difference === 0
}
