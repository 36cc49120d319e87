/**
 * Keeps what is being asked, as the server signed it, until it is over: a phone that opens the app from a notification shows the
 * question before its network has answered. Whoever reads it verifies it again. Works in the page and in the service worker.
 */
import * as v from 'valibot'
import type { ChallengeClaims } from '../../../schema/signing.ts'
import { serverNow } from '../api/clock.ts'
import { database } from '../keys/database.ts'

const Asked = v.object({
  device: v.string(),
  challenge: v.string(),
  jws: v.string(),
  expiresAt: v.number(),
})
type Asked = v.InferOutput<typeof Asked>
const All = v.pipe(v.string(), v.parseJson(), v.array(Asked))

const name = 'asked'
const read = (kept: string | undefined): Asked[] => {
  const all = v.safeParse(All, kept)
  return all.success ? all.output.filter(({ expiresAt }) => expiresAt > serverNow()) : []
}

/** @returns what is not over as far as this device knows, unverified. */
export const readAsked = async (): Promise<Asked[]> =>
  read(await (await database()).get('settings', name))

export const keepAsked = ({ aud: device, challenge, exp }: ChallengeClaims, jws: string) =>
  change((all) =>
    all.some((one) => one.challenge === challenge)
      ? all
      : [...all, { device, challenge, jws, expiresAt: exp }],
  )

export const dropAsked = (challenge: string): Promise<void> =>
  change((all) => all.filter((one) => one.challenge !== challenge))

async function change(how: (all: Asked[]) => Asked[]): Promise<void> {
  const settings = (await database()).transaction('settings', 'readwrite')
  const all = how(read(await settings.store.get(name)))
  await (all.length > 0
    ? settings.store.put(JSON.stringify(all), name)
    : settings.store.delete(name))
  await settings.done
}
