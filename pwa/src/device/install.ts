/** Installing the app where the browser lets a page offer it. Needed on iOS only, and there no page can. */
import { signal } from '@preact/signals'

type InstallOffer = Event & { prompt(): Promise<{ outcome: 'accepted' | 'dismissed' }> }

export const installOffer = signal<InstallOffer | null>(null)

export function watchInstallOffer(): void {
  addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault()
    installOffer.value = event as InstallOffer
  })
  addEventListener('appinstalled', () => {
    installOffer.value = null
  })
}

export async function install(): Promise<void> {
  const offer = installOffer.value
  installOffer.value = null
  await offer?.prompt()
}
