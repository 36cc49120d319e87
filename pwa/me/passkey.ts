/** Adding a passkey: this browser makes it, and whoever holds the device confirms it there. */
import { call } from './call.ts'
import { type Home, button, text } from './screen.ts'

/** @returns nothing where the browser knows no passkeys. */
export const passkeyButton = (said: HTMLElement, home: Home): HTMLButtonElement | false =>
  'PublicKeyCredential' in window && button(text.addPasskey, said, () => addPasskey(said, home))

async function addPasskey(said: HTMLElement, home: Home): Promise<void> {
  const { startRegistration } = await import('@simplewebauthn/browser')
  const { detail } = await call('POST', '/token/init', { type: 'passkey' })
  const { serial, transaction_id, passkey_registration: options } = detail
  const optionsJSON = options as Parameters<typeof startRegistration>[0]['optionsJSON']
  const made = await startRegistration({ optionsJSON }).catch(() => null)
  if (!made) {
    said.textContent = text.passkeyNotMade
    return
  }
  const { clientDataJSON, attestationObject } = made.response
  const credential = { credential_id: made.id, clientDataJSON, attestationObject }
  await call('POST', '/token/init', { type: 'passkey', serial, transaction_id, ...credential })
  await home(text.passkeyDone)
}
