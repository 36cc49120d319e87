/** People who have a passkey, and what their logins are told. */
import type { Application, Reply } from '../support/application.ts'
import { addPasskey } from '../support/passkey.ts'
import { type Deployment, origin } from './deployment.ts'

export const told = ({ envelope: { result, detail } }: Reply) => [
  result.authentication,
  detail?.message,
]
export const accepted = ['ACCEPT', 'Found matching challenge']
export const failed = ['REJECT', 'Authentication failed.']
export const errorOf = ({ status, envelope }: Reply) => [status, envelope.result.error?.message]

let people = 0

/** @param d the deployment, and `by` who may do everything there: both are there once the tests begin. */
export function passkeyHolders(d: () => Deployment, by: () => Application) {
  const someone = () => d().person(`holder-${people++}`)
  async function holder() {
    const user = await someone()
    return { user, passkey: await addPasskey(d().payroll, origin, { user }) }
  }
  async function insist(path: string, body: object): Promise<void> {
    const { status, envelope } = await by().call('POST', path, body)
    if (status !== 200 || !envelope.result.status) throw new Error(JSON.stringify(envelope))
  }
  return {
    someone,
    holder,
    /** Each takes the place of the last. */
    policy: (scope: string, action: object) =>
      insist('/policy/passkeys', { scope, realm: '', action }),
    noPolicy: () => by().call('DELETE', '/policy/passkeys'),
    act: (name: string, body: object) => insist(`/token/${name}`, body),
  }
}
