/** Questions that are missed one after another, and how long the bell is silent after each. */
import { expect } from 'vitest'
import type { Deployment, clock } from './deployment.ts'
import { objectOf } from './object.ts'
import { declineAll, nowSeconds, type ringer } from './ringer.ts'

export const waits = [0, 0, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]
export type How = 'left alone, noticed late' | 'left alone, noticed by the alarm' | 'declined'

type On = { d: Deployment; time: ReturnType<typeof clock> } & Pick<
  ReturnType<typeof ringer>,
  'ring' | 'someone'
>

export async function climb(
  { d, time, ring, someone }: On,
  how: How,
  some: readonly number[],
): Promise<void> {
  const { user, phone } = await someone()
  const object = await objectOf(d, phone.serial)
  for (const waitSeconds of some) {
    const prompt = await ring(user)
    expect([waitSeconds, prompt.notified]).toEqual([waitSeconds, true])
    if (how === 'declined') await declineAll(phone)
    else {
      time.forward(120)
      if (how.endsWith('alarm')) await object.alarm()
    }
    if (waitSeconds === 0) continue
    const quietUntilAt = nowSeconds() + waitSeconds
    expect(await ring(user)).toMatchObject({ notified: false, quietUntilAt })
    time.forward(waitSeconds - 1)
    expect(await ring(user)).toMatchObject({ notified: false, quietUntilAt })
    time.forward(1)
    // What was made meanwhile never rang, so it is no miss.
    if (how === 'declined') await declineAll(phone)
  }
}
