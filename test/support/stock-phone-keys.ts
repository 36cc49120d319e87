/**
 * The cryptography of the privacyIDEA Authenticator app: RSA keys, base64 of DER, base32 signatures. Written from the wire
 * alone and sharing nothing with the server, so that the two can contradict each other.
 */

const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

export const utf8 = (text: string): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>

/** The app makes 4096 bits; 2048 take a tenth of the time. */
export const phoneKeys = (bits: number): Promise<CryptoKeyPair> =>
  crypto.subtle.generateKey(
    { ...rsa, modulusLength: bits, publicExponent: new Uint8Array([1, 0, 1]) },
    true,
    ['sign', 'verify'],
  ) as Promise<CryptoKeyPair>

/** SubjectPublicKeyInfo, DER, base64. */
export async function publicKeyText(key: CryptoKey): Promise<string> {
  const der = (await crypto.subtle.exportKey('spki', key)) as ArrayBuffer
  return btoa(String.fromCharCode(...new Uint8Array(der)))
}

/** The server's key comes as RFC 8017's RSAPublicKey; WebCrypto wants the algorithm's name around it. */
export async function serverKey(base64: string): Promise<CryptoKey> {
  const pkcs1 = Uint8Array.from(atob(base64.replace(/\s/g, '')), (one) => one.charCodeAt(0))
  if (pkcs1[0] !== 0x30) throw new Error('the server key is not DER')
  const rsaEncryption = [
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
  ]
  const bitString = [0x03, ...length(pkcs1.length + 1), 0, ...pkcs1]
  const body = [...rsaEncryption, ...bitString]
  const spki = new Uint8Array([0x30, ...length(body.length), ...body])
  return crypto.subtle.importKey('spki', spki, rsa, false, ['verify'])
}

const length = (bytes: number): number[] =>
  bytes < 0x80 ? [bytes] : bytes < 0x100 ? [0x81, bytes] : [0x82, bytes >> 8, bytes & 0xff]

/** Upper case, padded to eight characters. */
export async function signed(key: CryptoKey, text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.sign(rsa, key, utf8(text)))
  let bits = ''
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0')
  const digits = bits.match(/.{1,5}/g) ?? []
  const letters = digits.map((five) => alphabet[Number.parseInt(five.padEnd(5, '0'), 2)]).join('')
  return letters.padEnd(Math.ceil(letters.length / 8) * 8, '=')
}

export function isSigned(key: CryptoKey, text: string, signature: string): Promise<boolean> {
  // The app's decoder takes nothing else.
  if (!/^([A-Z2-7]{8})*([A-Z2-7]{2,7}=+)?$/.test(signature) || signature.length % 8 !== 0)
    throw new Error(`not a padded upper case base32 text: ${signature}`)
  let bits = ''
  for (const letter of signature.replace(/=+$/, ''))
    bits += alphabet.indexOf(letter).toString(2).padStart(5, '0')
  const bytes = (bits.match(/.{8}/g) ?? []).map((eight) => Number.parseInt(eight, 2))
  return crypto.subtle.verify(rsa, key, new Uint8Array(bytes), utf8(text))
}

/** RFC 8785, as far as these messages need it: keys in order, no blanks. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return `{${entries.map(([name, held]) => `${JSON.stringify(name)}:${canonical(held)}`).join(',')}}`
}
