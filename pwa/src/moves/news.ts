/** What the server says with every list of devices that were added, this one included. */
import { signal } from '@preact/signals'
import type { ChallengesAnswer } from '../../../schema/device.ts'

type News = Pick<ChallengesAnswer, 'newcomers' | 'heldUntil' | 'leavesAt'>

export const news = signal<Record<string, News>>({})

export function noteNews(deviceId: string, { newcomers, heldUntil, leavesAt }: News): void {
  news.value = { ...news.value, [deviceId]: { newcomers, heldUntil, leavesAt } }
}
