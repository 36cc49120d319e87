/** How notifications to this device stand, as the server and the browser tell it. */
import { signal } from '@preact/signals'
import type { ChallengesAnswer } from '../../../schema/device.ts'

export type PushHealth = ChallengesAnswer['push']

const health = signal<Record<string, PushHealth>>({})

export function notePush(deviceId: string, push: PushHealth): void {
  health.value = { ...health.value, [deviceId]: push }
}

export const pushHealth = (deviceId: string): PushHealth | undefined => health.value[deviceId]
