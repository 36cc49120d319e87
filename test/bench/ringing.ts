/** A deployment that rings as often as it is asked, and a look at what rings. */
import type { Phone, Stage } from '../support/stage.ts'
import { pause } from '../support/until.ts'

/** Comparable between processes. */
export const now = () => performance.timeOrigin + performance.now()

/** Nobody answers here, and whoever does not answer is rung less and less. */
export async function ringAlways({ deployment }: Stage): Promise<void> {
  const administrator = await deployment.administrator()
  const { envelope } = await administrator.call('GET', '/policy/hardening')
  const [hardening] = envelope.result.value as { action: object }[]
  const often = {
    push_prompts_per_hour_application: 1000,
    push_prompts_per_hour_client: 1000,
    push_missed_prompts: 100,
  }
  const { status } = await administrator.call('POST', '/policy/hardening', {
    scope: 'authentication',
    realm: '',
    action: { ...hardening?.action, ...often },
  })
  if (status !== 200) throw new Error(`the policy was refused: ${status}`)
}

/** Looks more often than a test would: it is part of what is measured. */
export function nextNotification({ notifications }: Phone, text: string): () => Promise<number> {
  const count = () => notifications.history.filter(({ body }) => body.includes(text)).length
  const before = count()
  return async () => {
    const giveUpAt = now() + 15_000
    while (count() === before) {
      if (now() > giveUpAt) throw new Error(`no notification says "${text}"`)
      await pause(1)
    }
    return now()
  }
}
