/** An application that speaks OpenID Connect by openid-client, which nobody here wrote, and the people and browsers around it. */
import * as openid from 'openid-client'
import { type SignInBrowser, signInBrowser } from '../support/sign-in-browser.ts'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { type Deployment, deployment, origin } from './deployment.ts'

export const callback = 'https://payroll.example.org/callback'
export const password = 'a long and quiet password'

let registered = 0

/** A deployment in which as much may be asked as a test likes, with two people who have a device each. */
export async function withTwoPeople() {
  const d = await deployment()
  await d.set({ promptsPerHourByApplication: 1000, missedPrompts: 100 })
  await d.person('anna')
  await d.person('mallory')
  return { d, anna: await d.device('anna'), mallory: await d.device('mallory') }
}

/** Registered by an administrator through the front door, with a secret, and as openid-client sees it. */
export async function newRelyingParty(
  d: Deployment,
  registration: Record<string, unknown>,
  auth: (secret: string) => openid.ClientAuth = openid.ClientSecretBasic,
) {
  const administrator = await d.newApplication('Administrator', undefined, 'default')
  const id = `party-${++registered}`
  await insist(administrator.call('POST', `/application/${id}`, { name: `Party ${registered}` }))
  const body = { redirect_uris: [callback], ...registration }
  await insist(administrator.call('POST', `/application/${id}/openid`, body))
  const made = await insist(administrator.call('POST', `/application/${id}/secret`, {}))
  const {
    client_id: clientId,
    client_secret: secret,
    id: secretId,
  } = made as Record<string, string>
  const config = await openid.discovery(new URL(origin), clientId!, {}, auth(secret!), {
    execute: [openid.allowInsecureRequests],
    [openid.customFetch]: (address, init) => d.fetch(address, init as RequestInit),
  })
  return { id, clientId: clientId!, secret: secret!, secretId: secretId!, config, administrator }
}
export type RelyingParty = Awaited<ReturnType<typeof newRelyingParty>>

async function insist(
  reply: Promise<{ status: number; envelope: { result: { value?: unknown } } }>,
) {
  const { status, envelope } = await reply
  if (status !== 200) throw new Error(JSON.stringify(envelope))
  return envelope.result.value
}

export const browser = (d: Deployment, language?: string): SignInBrowser =>
  signInBrowser(origin, (address, init) => d.fetch(address, init), language)

/** What an application keeps of a request of its own. */
export async function beginning(more: Record<string, string> = {}) {
  const verifier = openid.randomPKCECodeVerifier()
  const [state, nonce] = [openid.randomState(), openid.randomNonce()]
  return {
    parameters: {
      redirect_uri: callback,
      scope: 'openid profile email',
      state,
      nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...more,
    },
    checks: { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce },
  }
}

/** Types the code that the page shows into the device. */
export async function approve(person: SignInBrowser, device: VirtualDevice): Promise<void> {
  const [open] = await device.list()
  if (!open) throw new Error('nothing is asked')
  await device.approve(open, person.code)
}

/** @returns the standard's word for what went wrong, or `nothing`. */
export const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing',
    (thrown: { error?: string; cause?: { parameters?: { error?: string } }[] }) =>
      thrown.error ?? thrown.cause?.[0]?.parameters?.error ?? String(thrown),
  )
