/** /device: what an enrolled app calls. Shapes in schema/device.ts; every request that acts for a device is signed by its key. */
import {
  AnswerRequest,
  DeviceUpdate,
  EnrolmentFinish,
  EnrolmentLook,
  type KeysAnswer,
  NewcomerUpdate,
  SubscriptionUpdate,
  VerifierRegistration,
  socketProtocol,
} from '../../schema/device.ts'
import { deviceProtocol } from '../../schema/limits.ts'
import { answerChallenge } from '../challenge/answer.ts'
import { coordinatorOf, reach } from '../challenge/reach.ts'
import { checkChallenge, verifyRequest } from '../challenge/verify.ts'
import { leave, rename, subscribe } from '../enrolment/change.ts'
import { finishEnrolment } from '../enrolment/finish.ts'
import { lookAtInvitation } from '../enrolment/look.ts'
import { beginMove, leaveFor, stopNewcomer } from '../enrolment/move.ts'
import { addVerifier, offerVerifier } from '../enrolment/verifier.ts'
import { refuse } from '../problem.ts'
import {
  admittedRequest,
  checkProtocol,
  parseBody,
  signedRequest,
} from './decode/device-request.ts'
import { whenceOfBrowser } from './decode/origin.ts'
import { peerAddress } from './decode/peer.ts'
import { surface } from './surface.ts'

export const device = surface()

device.use(async (call, next) => {
  // A browser cannot set headers on a WebSocket; its subprotocol names the version.
  if (call.req.path !== '/device/socket') checkProtocol(call)
  await next()
  // A WebSocket's answer takes no further headers.
  if (call.res.status !== 101) call.res.headers.set('Cache-Control', 'no-store')
})

device.get('/keys', (call) => {
  const { chain, vapid, issuer } = call.get('context').deployment
  const keys: KeysAnswer = {
    protocol: deviceProtocol,
    issuer,
    ...chain,
    vapidPublicKey: vapid.publicKey,
  }
  return call.json(keys)
})

device.post('/enrolment/look', async (call) => {
  const presented = parseBody(await call.req.text(), EnrolmentLook)
  return call.json(await lookAtInvitation(call.get('context'), presented))
})

device.post('/enrolment/finish', async (call) => {
  const { proof } = parseBody(await call.req.text(), EnrolmentFinish)
  return call.json(await finishEnrolment(call.get('context'), proof, whenceOfBrowser(call)))
})

device.get('/challenges', async (call) => {
  const { address, deviceId } = await signedRequest(call)
  const open = await reach(call.get('context'), address, (object) =>
    object.openFor(address, deviceId),
  )
  if (!open.ok) refuse({ reason: open.reason })
  const { ok: _, ...answer } = open
  return call.json(answer)
})

device.get('/challenges/:challenge', async (call) => {
  const { address, deviceId } = await signedRequest(call)
  const challenge = call.req.param('challenge')
  await checkChallenge(call.get('context'), challenge, address.ownerId)
  const one = await reach(call.get('context'), address, (object) =>
    object.oneFor(address, deviceId, challenge),
  )
  if (!one.ok) refuse({ reason: one.reason })
  return call.json(one.challenge)
})

device.post('/answers', async (call) => {
  const request = parseBody(await call.req.text(), AnswerRequest)
  return call.json(await answerChallenge(call.get('context'), request))
})

device.post('/moves', async (call) => {
  const { member } = await admittedRequest(call)
  return call.json(await beginMove(call.get('context'), member, peerAddress(call)))
})

device.put('/newcomers/:serial', async (call) => {
  const { member, body } = await admittedRequest(call)
  const { leave: leaves } = parseBody(body, NewcomerUpdate)
  await leaveFor(call.get('context'), member, call.req.param('serial'), leaves)
  return call.json({ done: true })
})

device.delete('/newcomers/:serial', async (call) => {
  const { member } = await admittedRequest(call)
  await stopNewcomer(call.get('context'), member, call.req.param('serial'))
  return call.json({ done: true })
})

device.put('/trials/:trial', async (call) => {
  const { member } = await admittedRequest(call)
  const { address, serial } = member
  const shown = { serial, id: call.req.param('trial') }
  const isLast = await reach(call.get('context'), address, (object) =>
    object.trialArrived(address, shown),
  )
  if (!isLast) refuse({ reason: 'trial_unknown' })
  return call.json({ done: true })
})

device.put('/subscription', async (call) => {
  const { member, body } = await admittedRequest(call)
  await subscribe(call.get('context'), member, parseBody(body, SubscriptionUpdate))
  return call.json({ done: true })
})

device.post('/verifier/options', async (call) => {
  const { member } = await admittedRequest(call)
  return call.json(await offerVerifier(call.get('context'), member))
})

device.put('/verifier', async (call) => {
  const { member, body } = await admittedRequest(call)
  await addVerifier(call.get('context'), member, parseBody(body, VerifierRegistration))
  return call.json({ done: true })
})

device.patch('/', async (call) => {
  const { member, body } = await admittedRequest(call)
  await rename(call.get('context'), member, parseBody(body, DeviceUpdate).name)
  return call.json({ done: true })
})

device.delete('/', async (call) => {
  const { member } = await admittedRequest(call)
  await leave(call.get('context'), member)
  return call.json({ done: true })
})

device.get('/socket', async (call) => {
  const context = call.get('context')
  if (call.req.header('Upgrade')?.toLowerCase() !== 'websocket')
    refuse({ reason: 'bad_parameter', field: 'Upgrade', mend: 'must be websocket' })
  // Another site's page could open a socket in this person's browser; its Origin gives it away.
  if (call.req.header('Origin') !== context.deployment.origin) refuse({ reason: 'origin_refused' })
  const [protocol, jws] = (call.req.header('Sec-WebSocket-Protocol') ?? '')
    .split(',')
    .map((part) => part.trim())
  if (protocol !== socketProtocol || !jws)
    refuse({
      reason: 'bad_parameter',
      field: 'Sec-WebSocket-Protocol',
      mend: `must be ${socketProtocol} and a signed request`,
    })
  const request = { method: 'GET', path: '/device/socket', body: '' }
  const { ownerId, deviceId, jti } = await verifyRequest(
    context,
    jws,
    request,
    'Sec-WebSocket-Protocol',
  )
  const address = { ownerId }
  const answered = await coordinatorOf(context, ownerId).fetch('https://object/socket', {
    headers: {
      Upgrade: 'websocket',
      'Countersign-Admit': JSON.stringify({ address, deviceId, jti }),
    },
  })
  if (answered.status === 101) return answered
  const { reason } = (await answered.json()) as {
    reason: 'unknown_device' | 'device_retired' | 'device_locked' | 'replayed'
  }
  refuse({ reason })
})
