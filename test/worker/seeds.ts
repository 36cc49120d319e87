/** Seeds that tests give to tokens, and what an authenticator app makes of them. */
import { hotp } from '../../worker/factor/otp.ts'

export const otpSeed = '3132333435363738393031323334353637383930'
export const secondSeed = 'a1b2c3d4e5f60718293a4b5c6d7e8f9011223344'

const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (one) => parseInt(one, 16))

export const totpAt = (atMs: number, length = 6, seed = otpSeed): string =>
  hotp(bytes(seed), Math.floor(atMs / 30_000), length, 'sha1')

export const hotpAt = (counter: number, seed = otpSeed): string =>
  hotp(bytes(seed), counter, 6, 'sha1')
