/** What is told of a new token of one-time passwords: links for authenticator apps, each with its QR code. Told once. */
import { renderSVG } from 'uqr'
import type { Label } from '../../enrolment/label.ts'
import type { OtpMade, OtpWish } from '../../enrolment/make-otp.ts'
import { otpLinks } from '../../enrolment/otp-links.ts'

export const qrCode = (text: string): string =>
  `data:image/svg+xml,${encodeURIComponent(renderSVG(text, { ecc: 'M', border: 4 }))}`

export const link = (description: string, value: string) => ({
  description,
  img: qrCode(value),
  value,
})

export function otpEnrolment(
  { type, hashlib, timeStep }: OtpWish,
  { serial, seed, codes, length }: OtpMade,
  label: Label,
): Record<string, unknown> {
  const detail = { rollout_state: '', serial }
  if (type === 'recovery') return { ...detail, otps: { ...codes } }
  const links = otpLinks({ type, hashlib, timeStep, length }, { serial, seed }, label)
  return {
    ...detail,
    googleurl: link('URL for google Authenticator', links.app),
    oathurl: link('URL for OATH token', links.oath),
    otpkey: { ...link('OTP seed', links.seed), value_b32: links.base32 },
  }
}
