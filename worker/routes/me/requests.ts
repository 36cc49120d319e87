/** /me/requests: what was asked in a person's name lately, and "It wasn't me" afterwards. */
import { reach } from '../../challenge/reach.ts'
import { reportRequest } from '../../sign-in/report.ts'
import { sessionUnder } from '../auth/session.ts'
import { peerAddress } from '../decode/peer.ts'
import { personOf } from '../decode/person.ts'
import { answer } from '../encode/envelope.ts'
import { ownRequests } from '../encode/own-request.ts'
import { surface } from '../surface.ts'

export const requests = surface()

requests.get('/', async (call) => {
  const { self, customer } = await personOf(call)
  const address = { ownerId: self.ownerId, customer }
  const asked = await reach(call.get('context'), address, (object) => object.pastRequests(address))
  return answer(call, { value: { requests: await ownRequests(asked) } })
})

requests.post('/:id/report', async (call) => {
  const caller = await personOf(call)
  const { self, customer } = caller
  const { mark, deviceStopped, ...done } = await reportRequest(call.get('context'), {
    ...{ customer, person: self.person, ownerId: self.ownerId, by: self.username },
    request: call.req.param('id'),
    client: peerAddress(call),
  })
  const token = mark === null ? null : await sessionUnder(call, caller, mark)
  const value = { ...done, device_stopped: deviceStopped, ...(token !== null && { token }) }
  return answer(call, { value })
})
