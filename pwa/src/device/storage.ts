/** Asks the browser not to clear the keys away when space is short. */
import { signal } from '@preact/signals'

/** null where the browser does not say. */
export const persisted = signal<boolean | null>(null)

export async function readPersistence(): Promise<void> {
  persisted.value = (await navigator.storage?.persisted?.()) ?? null
}

export async function askPersistence(): Promise<void> {
  await navigator.storage?.persist?.().catch(() => false)
  await readPersistence()
}
