/** Some people with a device each, enrolled through the front door, and the application that asks them. */
import { type Application, application } from '../support/application.ts'
import { type VirtualDevice, enrol } from '../support/virtual-device.ts'
import type { Ours } from './servers.ts'

export type Enrolled = { user: string; device: VirtualDevice }

export async function enrolPeople(
  { server, url }: Ours,
  count: number,
): Promise<{ payroll: Application; people: Enrolled[] }> {
  const payroll = application({ url, apiKey: server.keys.tryApiKey })
  // The server's own name leads to the same place, and is what devices sign for.
  const at = {
    origin: server.url,
    fetch: (address: string, init: RequestInit) => fetch(address.replace(server.url, url), init),
  }
  const people: Enrolled[] = []
  for (let index = 0; index < count; index++) {
    const user = `bench-${index}`
    await payroll.createUser({ user })
    const { link } = await payroll.invite({ user })
    people.push({ user, device: await enrol(at, { invitation: link }) })
  }
  return { payroll, people }
}
