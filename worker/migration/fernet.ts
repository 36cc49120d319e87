/** Opens what privacyIDEA's token janitor exports: Fernet, which is AES-128-CBC under HMAC-SHA-256, base64url. Pure. */
import { createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import { refuse } from '../problem.ts'

const version = 0x80
const headBytes = 1 + 8 + 16
const macBytes = 32

export const isFernet = (text: string): boolean => /^gAAAA[\w-]+={0,2}\s*$/.test(text)

/** @throws Refusal bad_parameter · import_refused */
export function openFernet(text: string, key: string): string {
  const keys = Buffer.from(key.trim(), 'base64url')
  if (keys.length !== 32)
    refuse({
      reason: 'bad_parameter',
      field: 'key',
      mend: 'must be the key that the export printed: 44 characters of base64url',
    })
  const token = Buffer.from(text.trim(), 'base64url')
  const end = token.length - macBytes
  const mac = createHmac('sha256', keys.subarray(0, 16)).update(token.subarray(0, end)).digest()
  if (end < headBytes + 16 || token[0] !== version || !timingSafeEqual(mac, token.subarray(end)))
    refuse({ reason: 'import_refused', why: 'The file does not open with this key.' })
  const cipher = createDecipheriv('aes-128-cbc', keys.subarray(16), token.subarray(9, headBytes))
  return Buffer.concat([cipher.update(token.subarray(headBytes, end)), cipher.final()]).toString()
}
