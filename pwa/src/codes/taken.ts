/** Whether the server takes the codes of a device, as it says with every list. Offline nobody knows, and they are shown. */
import { signal } from '@preact/signals'

const refused = signal<ReadonlySet<string>>(new Set())

export function noteCodes(deviceId: string, taken: boolean): void {
  if (refused.value.has(deviceId) !== taken) return
  const others = [...refused.value].filter((one) => one !== deviceId)
  refused.value = new Set(taken ? others : [...others, deviceId])
}

export const areTaken = (deviceId: string): boolean => !refused.value.has(deviceId)
