/** Another customer of a deployment, made from the rows that `npm run customer` makes, and set up through the front door. */
import { env } from 'cloudflare:workers'
import { drizzle } from 'drizzle-orm/d1'
import { type Customer, customerRows, directoryRow } from '../../worker/local/provision.ts'
import { everyRight } from '../../worker/policy/rights.ts'
import { type Application, application } from '../support/application.ts'
import { type VirtualDevice, enrol } from '../support/virtual-device.ts'
import { type Deployment, adminPassword, origin } from './deployment.ts'
import { cheap } from './hash-cost.ts'

export type OneCustomer = Awaited<ReturnType<typeof newCustomer>>

/** Signs in with a name and a password, as a person or an account of that customer. */
export const signIn = (d: Deployment, customer: string, username: string, password: string) =>
  application({ url: origin, fetch: d.fetch }).call(
    'POST',
    '/auth',
    { username, password },
    { headers: { 'Countersign-Customer': customer } },
  )

export async function newCustomer(d: Deployment, customer: Customer) {
  const database = customer.database === 0 ? d.env.DB : d.env.DB_1!
  const keys = { masterKey: env.MASTER_KEY, pepper: env.PEPPER }
  const made = {
    ...{ issuer: customer.name, keys, password: adminPassword, nowSeconds: 0 },
    hashCost: cheap,
  }
  await drizzle(database).batch(await customerRows(database, customer, made))
  if (customer.database !== 0) await directoryRow(d.env.DB, customer, 0)
  // Ids of applications are one customer's alone in a database.
  return customerOf(d, customer.id, customer.database === 0 ? `${customer.id}-payroll` : 'payroll')
}

/** The customer that a deployment begins with, seen as any other. */
export const firstCustomer = (d: Deployment) => customerOf(d, 'default', 'payroll')

async function customerOf(d: Deployment, id: string, payrollId: string) {
  const { envelope } = await signIn(d, id, 'admin', adminPassword)
  const { token } = envelope.result.value as { token: string }
  const administrator = application({ url: origin, fetch: d.fetch, token })
  const payroll = await keyed(administrator, payrollId)
  const person = async (user: string, more: object = {}) => {
    const { status } = await payroll.createUser({ user, ...more })
    if (status !== 200) throw new Error(`no person ${user}: ${status}`)
    return user
  }
  const device = async (user: string): Promise<VirtualDevice> =>
    enrol(d.server, { invitation: (await payroll.invite({ user })).link })
  return { id, token, payrollId, administrator, payroll, person, device }
}

/** An application of this id, by a key of it with every right. */
async function keyed(administrator: Application, id: string): Promise<Application> {
  await administrator.call('POST', `/application/${id}`, { name: id })
  const rights = everyRight.join(',')
  const { envelope } = await administrator.call('POST', `/application/${id}/key`, { rights })
  const { api_key: apiKey } = (envelope.result.value ?? {}) as { api_key?: string }
  if (apiKey === undefined) throw new Error(`no key: ${JSON.stringify(envelope)}`)
  return administrator.as({ apiKey })
}

/** A whole login. @returns the transaction that was redeemed. */
export async function login(
  { payroll }: Pick<OneCustomer, 'payroll'>,
  user: string,
  phone: VirtualDevice,
): Promise<string> {
  const asked = await payroll.ask({ user })
  const [open] = await phone.list()
  if (!open) throw new Error('nothing is open')
  await phone.approve(open, asked.code)
  const { envelope } = await payroll.redeem({ user }, asked.transactionId)
  if (envelope.result.authentication !== 'ACCEPT') throw new Error(JSON.stringify(envelope))
  return asked.transactionId
}
