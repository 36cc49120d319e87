/** Finds the tokens whose PIN this is. The try was counted by the owner's object before anything is compared. */
import type { Context } from '../env.ts'
import { matchesHash } from './hash.ts'
import { inTurn } from './turn.ts'

export type Pin = { serial: string; pinHash: string | null }

/** A token without a PIN matches the empty one. @returns the serials that match. */
export function matchingPins(context: Context, pins: Pin[], pass: string): Promise<string[]> {
  const withPin = pins.filter(({ pinHash }) => pinHash !== null)
  const withoutPin = pins.filter(({ pinHash }) => pinHash === null)
  if (pass === '') return Promise.resolve(withoutPin.map(({ serial }) => serial))
  return inTurn(context, async () => {
    const matching: string[] = []
    for (const { serial, pinHash } of withPin)
      if (await matchesHash(pass, pinHash ?? '', context.deployment.pepper)) matching.push(serial)
    return matching
  })
}
