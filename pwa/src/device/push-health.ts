/** How notifications to this device stand, as the server tells it with every list. */
import { computed, signal } from '@preact/signals'
import type { ChallengesAnswer } from '../../../schema/device.ts'
import { activeAccounts } from './accounts.ts'

export type PushHealth = ChallengesAnswer['push']

const health = signal<Record<string, PushHealth>>({})

export function notePush(deviceId: string, push: PushHealth): void {
  health.value = { ...health.value, [deviceId]: push }
}

export const pushHealth = (deviceId: string): PushHealth | undefined => health.value[deviceId]

/** The server knows no subscription where this device believes that it has one. Only to be trusted while none is being made. */
export const givenUp = computed(() =>
  activeAccounts.value.some(
    ({ deviceId, endpoint }) => endpoint !== null && pushHealth(deviceId)?.subscribed === false,
  ),
)
