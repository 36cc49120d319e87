/** People at /me, as its page does it: a password, then a device. */
import { type Application, application } from '../support/application.ts'
import type { VirtualDevice } from '../support/virtual-device.ts'
import { type Deployment, origin } from './deployment.ts'

export type Auth = Awaited<ReturnType<Application['call']>>

/** @param d the deployment of whoever asks: it is there once the tests begin. */
export function selfService(d: () => Deployment, password: string) {
  const session = (token?: string) =>
    application({ url: origin, fetch: d().fetch, ...(token !== undefined && { token }) })
  const auth = (body: object) => session().call('POST', '/auth', body)
  const sessionOf = (signedIn: Auth) => session(tokenOf(signedIn))
  async function byDevice(username: string, device: VirtualDevice): Promise<Application> {
    const asked = await auth({ username, password })
    const { transaction_id: id, presence_answer: code } = asked.envelope.detail ?? {}
    const open = await device.list()
    await device.approve(
      open.find(({ claims }) => claims.application.id === '/auth')!,
      code,
    )
    return sessionOf(await auth({ username, transaction_id: id }))
  }
  return { auth, session, sessionOf, byDevice }
}

export const tokenOf = ({ envelope }: Auth): string =>
  (envelope.result.value as { token: string }).token
