/** An authenticator that Chromium believes in: it keeps passkeys, and confirms its holder as the test says. */
import type { ChromiumBrowser } from './browser-chromium.ts'
import type { Tab } from './tab.ts'

/** @param recognised whether its holder is the right one, to begin with. */
export async function giveAuthenticator(browser: ChromiumBrowser, tab: Tab, recognised = true) {
  const session = await browser.context.newCDPSession(browser.pageOf(tab))
  await session.send('WebAuthn.enable')
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: recognised,
      automaticPresenceSimulation: true,
    },
  })
  return {
    recognise: (isUserVerified: boolean) =>
      session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
    async credentials() {
      const { credentials } = await session.send('WebAuthn.getCredentials', { authenticatorId })
      return credentials
    },
  }
}
