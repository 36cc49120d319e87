/** /device: the shapes are those of device.ts. */
import * as v from 'valibot'
import {
  AnswerAnswer,
  AnswerRequest,
  ChallengeAnswer,
  ChallengesAnswer,
  DeviceUpdate,
  DoneAnswer,
  EnrolmentFinish,
  EnrolmentFinishOutcome,
  EnrolmentLook,
  EnrolmentLookAnswer,
  KeysAnswer,
  MoveAnswer,
  NewcomerUpdate,
  SubscriptionUpdate,
  VerifierRegistration,
  socketProtocol,
} from '../device.ts'
import { deviceProtocol, deviceProtocolHeader } from '../limits.ts'
import { type Caller, type Method, type Route, type Shape, json, need, text } from './words.ts'

type Rest = Partial<Pick<Route, 'body' | 'more' | 'refuses' | 'parts'>>

const spoken = {
  [deviceProtocolHeader]: need(
    text('The version of this API that the app speaks.', String(deviceProtocol)),
  ),
}

const route = (
  [method, path, who]: [Method, string, Caller],
  does: string,
  shape: Shape,
  { refuses = [], ...rest }: Rest = {},
): Route => ({
  method,
  path: `/device${path}`,
  surface: 'devices',
  who,
  does,
  headers: spoken,
  ...rest,
  gives: json(shape),
  refuses: [426, ...refuses],
})

export const devices: Route[] = [
  route(
    ['GET', '/keys', 'anyone'],
    'Tells which keys speak for the server, and the key for Web Push',
    KeysAnswer,
  ),
  route(
    ['POST', '/enrolment/look', 'anyone'],
    'Tells what an invitation is for, without spending it',
    EnrolmentLookAnswer,
    { body: EnrolmentLook, more: 'Exactly one of the two.', refuses: [404, 410, 429] },
  ),
  route(
    ['POST', '/enrolment/finish', 'proof'],
    'Binds a new key to the token that waits for it',
    EnrolmentFinishOutcome,
    {
      body: EnrolmentFinish,
      more:
        '`proof` is a JWS by the new key. Repeating it with the same key answers the same. Where another device made the invitation ' +
        'the answer is `waiting` until that device has approved exactly this key.',
      refuses: [403, 404, 410, 429],
    },
  ),
  route(
    ['GET', '/challenges', 'device'],
    'Lists what is open for this device, newest first',
    ChallengesAnswer,
  ),
  route(
    ['GET', '/challenges/:challenge', 'device'],
    'Tells how one challenge stands; asked again before signing',
    ChallengeAnswer,
    { parts: { challenge: need(text('The challenge.', 'Zk3b…')) }, refuses: [404] },
  ),
  route(['POST', '/answers', 'proof'], 'Approves or declines', AnswerAnswer, {
    body: AnswerRequest,
    more: 'The answer is a JWS over the challenge as it was shown, and its own authority.',
    refuses: [403, 404, 409],
  }),
  route(
    ['PUT', '/trials/:trial', 'device'],
    'Says that a push has come that was only a try',
    DoneAnswer,
    {
      parts: { trial: need(text('What the push named.', 'Zk3b…')) },
      refuses: [404],
    },
  ),
  route(['PUT', '/subscription', 'device'], 'Says where pushes go', DoneAnswer, {
    body: SubscriptionUpdate,
  }),
  route(
    ['POST', '/verifier/options', 'device'],
    'Begins to register a fingerprint, a face or a PIN',
    v.pipe(
      v.looseObject({ challenge: v.string() }),
      v.description('PublicKeyCredentialCreationOptionsJSON of WebAuthn.'),
    ),
  ),
  route(['PUT', '/verifier', 'device'], 'Registers it', DoneAnswer, {
    body: VerifierRegistration,
    more: 'Once a token, and only shortly after its enrolment.',
  }),
  route(
    ['POST', '/moves', 'device'],
    'Invites another device of the same owner, which this one will have to approve',
    MoveAnswer,
    {
      more:
        'The new device is asked for nothing that an approval is, for `DeviceHoldSeconds` (a day); every other device of the owner ' +
        'is told at once and can stop it.',
      refuses: [403, 429],
    },
  ),
  route(
    ['PUT', '/newcomers/:serial', 'device'],
    'Says whether this device goes once the new one may answer',
    DoneAnswer,
    {
      body: NewcomerUpdate,
      parts: { serial: need(text('The new device.', 'PIPU5F62685F')) },
      refuses: [403, 404],
    },
  ),
  route(['DELETE', '/newcomers/:serial', 'device'], 'Stops a device that was added', DoneAnswer, {
    parts: { serial: need(text('The new device.', 'PIPU5F62685F')) },
    more: 'For any device of the owner that cannot be stopped itself, for a day or as long as the new one is held, whichever is longer. Its key is retired for good.',
    refuses: [403, 404],
  }),
  route(['PATCH', '', 'device'], 'Names the device', DoneAnswer, { body: DeviceUpdate }),
  route(['DELETE', '', 'device'], 'Leaves: the key is forgotten on both sides', DoneAnswer),
  {
    method: 'GET',
    path: '/device/socket',
    surface: 'devices',
    who: 'device',
    does: 'Opens a WebSocket that tells an open app at once',
    more:
      'A browser cannot set headers here: the signed request is the second subprotocol, and nothing stands in ' +
      '`Authorization`. The server only speaks; the page may send `ping`. Closed with 4401 where the device was retired.',
    headers: {
      Upgrade: need(text('websocket', 'websocket')),
      Origin: need(text('A page of this server.', 'https://sign.example.org')),
      'Sec-WebSocket-Protocol': need(
        text(`${socketProtocol} and a signed request.`, `${socketProtocol}, <request JWS>`),
      ),
    },
    gives: {
      in: 'nothing',
      status: 101,
      meaning: 'A WebSocket. Its messages are those of the schema SocketMessage.',
    },
  },
]
