/** A passkey of a person, on an authenticator without hardware, and its logins as privacyIDEA's plugins send them. */
import type { Application, Reply } from './application.ts'
import { type Flags, virtualAuthenticator } from './virtual-authenticator.ts'

export type Passkey = Awaited<ReturnType<typeof addPasskey>>
export type CreationOptions = {
  challenge: string
  rp: { id: string; name: string }
  user: { id: string; name: string; displayName: string }
  excludeCredentials: { id: string }[]
  authenticatorSelection: Record<string, unknown>
  attestation: string
}
type Registered = Awaited<ReturnType<Awaited<ReturnType<typeof virtualAuthenticator>>['register']>>

/** The first step. @returns what the browser is to make. */
export async function beginPasskey(by: Application, parameters: object) {
  const { status, envelope } = await by.call('POST', '/token/init', {
    type: 'passkey',
    ...parameters,
  })
  if (status !== 200) throw new Error(JSON.stringify(envelope))
  const { serial, transaction_id: transactionId, passkey_registration: options } = envelope.detail!
  return {
    serial: serial!,
    transactionId: transactionId!,
    options: options as unknown as CreationOptions,
  }
}

/** The second step, with what the browser made. */
export const endPasskey = (
  by: Application,
  { serial, transactionId }: { serial: string; transactionId: string },
  { id, response }: Registered,
  more: object = {},
): Promise<Reply> =>
  by.call('POST', '/token/init', {
    ...{ type: 'passkey', serial, transaction_id: transactionId },
    ...{ credential_id: id, rawId: id, ...response },
    ...more,
  })

/** Both steps, and a login with what came of them. @param meanwhile what its person does between the two. */
export async function addPasskey(
  by: Application,
  origin: string,
  parameters: object,
  { meanwhile, ...how }: Flags & { meanwhile?: () => Promise<void> } = {},
) {
  const finger = await virtualAuthenticator(origin)
  const begun = await beginPasskey(by, parameters)
  const { serial, options } = begun
  await meanwhile?.()
  const made = await finger.register(options.challenge, how)
  const { status, envelope } = await endPasskey(by, begun, made)
  if (status !== 200) throw new Error(JSON.stringify(envelope))
  const userHandle = options.user.id

  /** What stands in the request of a login, whatever it is worth. */
  async function signed(challenge: string, how: Flags = {}) {
    const { id, response } = await finger.assert(challenge, { userHandle, ...how })
    return { transaction_id: challenge, credential_id: id, ...response }
  }

  return {
    ...{ finger, serial, userHandle, signed, options },
    /** A whole login at this application: a challenge of its own, signed and shown. */
    async login(application: Application, how: Flags = {}, more: object = {}) {
      const given = await signed(await challengeFor(application), how)
      return application.check({ ...given, ...more })
    },
  }
}

/** @returns a challenge of this application's. */
export async function challengeFor(application: Application): Promise<string> {
  const { status, envelope } = await application.call('POST', '/validate/initialize', {
    type: 'passkey',
  })
  if (status !== 200) throw new Error(JSON.stringify(envelope))
  return envelope.detail!.transaction_id!
}
