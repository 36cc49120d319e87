/** The browser's side of notifications: whether they may be shown, asking for it, and clearing answered ones away. */
import { signal } from '@preact/signals'

/** `impossible`: this browser has none, or none here. */
export type Permission = 'granted' | 'denied' | 'default' | 'impossible'

const supported = (): boolean =>
  'Notification' in globalThis && 'serviceWorker' in navigator && 'PushManager' in globalThis

const read = (): Permission => (supported() ? Notification.permission : 'impossible')

export const permission = signal<Permission>(read())

/** Must be called from a click: browsers answer for the person otherwise. */
export async function askPermission(): Promise<Permission> {
  if (supported()) await Notification.requestPermission()
  permission.value = read()
  return permission.value
}

export function rereadPermission(): void {
  permission.value = read()
}

/** An answered question must not go on asking from the lock screen. */
export async function closeNotifications(challenge: string): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration()
  const shown = (await registration?.getNotifications().catch(() => [])) ?? []
  for (const notification of shown) {
    const data = notification.data as { challenge?: unknown } | null
    if (data?.challenge === challenge) notification.close()
  }
}
