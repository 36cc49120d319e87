/** The code of the moment (RFC 6238), by the server's clock. */
import type { Codes, Enrolment } from '../keys/database.ts'
import { codesKey } from '../keys/enrolments.ts'

export type Current = { code: string; secondsLeft: number }

/** @returns null where the browser has lost the key. */
export async function currentCode(
  { deviceId }: Enrolment,
  { digits, stepSeconds }: Codes,
  nowSeconds: number,
): Promise<Current | null> {
  const key = await codesKey(deviceId)
  if (!key) return null
  const step = Math.floor(nowSeconds / stepSeconds)
  return {
    code: await codeOf(key, step, digits),
    secondsLeft: (step + 1) * stepSeconds - nowSeconds,
  }
}

/** RFC 4226 §5.3. */
async function codeOf(key: CryptoKey, step: number, digits: number): Promise<string> {
  const message = new DataView(new ArrayBuffer(8))
  message.setBigUint64(0, BigInt(step))
  const mac = new DataView(await crypto.subtle.sign('HMAC', key, message.buffer))
  const at = mac.getUint8(mac.byteLength - 1) & 15
  return String((mac.getUint32(at) & 0x7fffffff) % 10 ** digits).padStart(digits, '0')
}
