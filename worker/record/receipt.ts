/** A receipt as D1 keeps it: taken apart, because base64 within base64 would be a third larger. Put together it is the same text. */
import { fromBase64url, toBase64url, utf8 } from '../../schema/encoding.ts'
import { headerOf } from '../../schema/jws.ts'
import { typ } from '../../schema/signing.ts'

export type KeptReceipt = { kid: string; claims: string; signature: string }

/** What cannot be put together again to the letter is kept whole. */
export function takeApart(receipt: string): KeptReceipt {
  const [, payload = '', signature = ''] = receipt.split('.')
  const bytes = fromBase64url(payload) ?? new Uint8Array()
  const kid = headerOf(receipt)?.kid ?? ''
  const kept = { kid, claims: new TextDecoder().decode(bytes), signature }
  return putTogether(kept) === receipt ? kept : { kid: '', claims: receipt, signature: '' }
}

export function putTogether({ kid, claims, signature }: KeptReceipt): string {
  if (signature === '') return claims
  const header = JSON.stringify({ alg: 'ES256', typ: typ.receipt, kid })
  return [toBase64url(utf8(header)), toBase64url(utf8(claims)), signature].join('.')
}
