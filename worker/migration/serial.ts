/** Serials for what had none elsewhere. */
import { sha256 } from '../../schema/encoding.ts'
import { nameKey } from '../store/name-key.ts'
import type { Owner } from './rows.ts'

/** The same device of the same person always has the same one; 48 bits keep those of a million apart. */
export async function serialOfDevice(
  customer: string,
  { username, realm }: Owner,
  device: string,
): Promise<string> {
  const text = await sha256(JSON.stringify([customer, realm, nameKey(username), device]))
  return `NSOT${Buffer.from(text, 'base64url').subarray(0, 6).toString('hex').toUpperCase()}`
}
