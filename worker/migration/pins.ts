/** Brings the PINs of another system together with its tokens. Who had a PIN that cannot be checked here has none that fits. */
import type { Context } from '../env.ts'
import { keepLegacy, lostPin } from '../factor/legacy.ts'
import type { PinFound } from './privacyidea.ts'
import type { Found, Left, TokenFound } from './rows.ts'

export async function withPins(
  context: Context,
  tokens: Found<TokenFound>,
  pins: PinFound[],
): Promise<{ tokens: Found<TokenFound>; left: Left[] }> {
  const byserial = new Map(pins.map((pin) => [pin.serial, pin]))
  const rows: TokenFound[] = []
  for (const token of tokens.rows) {
    const pin = byserial.get(token.serial)
    const { kept, why } = pin
      ? await keepLegacy(context, pin.hash, pin.seed)
      : { kept: lostPin, why: 'the file does not tell it' }
    const notes = [token.note, why && `its PIN is not taken, set a new one: ${why}`]
    rows.push({ ...token, pinHash: kept, note: notes.filter(Boolean).join('; ') })
  }
  const known = new Set([...tokens.rows, ...tokens.left].map(({ serial }) => serial))
  const left = pins.flatMap(({ row, serial }) =>
    known.has(serial)
      ? []
      : [{ row, serial, why: 'a PIN, but no token of this serial in the file' }],
  )
  return { tokens: { ...tokens, rows }, left }
}
