/** The tools are sound: our independent reader of push messages holds to the standards' own examples, and so does the judge of VAPID. */
import { describe, expect, it } from 'vitest'
import webpush from 'web-push'
import { fromBase64url, toBase64url } from '../../schema/encoding.ts'
import { pushEndpoint } from '../support/push-service.ts'
import { vapidProblem } from '../support/vapid.ts'
import { makeSubscription, subscriptionOf } from '../support/virtual-subscription.ts'

/** RFC 8291, appendix A. */
const rfc8291 = {
  receiverPublic:
    'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
  receiverPrivate: 'q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94',
  auth: 'BTBZMqHH6r4Tts7J_aSIgg',
  message:
    'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6' +
    'TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
  text: 'When I grow up, I want to be a watermelon',
}

/** RFC 8292, section 2.4. */
const rfc8292 = {
  authorization:
    'vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM' +
    '1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9o' +
    'jFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA, k=BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_' +
    'RCPCfA5aq9ojSwk5Y2EmClBPs',
  key: 'BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs',
  origin: 'https://push.example.net',
  expiresAt: 1_453_523_768,
}

const bytes = (text: string) => {
  const read = fromBase64url(text)
  if (!read) throw new Error('not base64url')
  return read
}

async function rfcReceiver() {
  const point = bytes(rfc8291.receiverPublic)
  const x = toBase64url(point.slice(1, 33))
  const y = toBase64url(point.slice(33))
  const curve = { name: 'ECDH', namedCurve: 'P-256' }
  const jwk = { kty: 'EC', crv: 'P-256', x, y }
  const privateJwk = { ...jwk, d: rfc8291.receiverPrivate }
  const keys = {
    publicKey: await crypto.subtle.importKey('jwk', jwk, curve, true, []),
    privateKey: await crypto.subtle.importKey('jwk', privateJwk, curve, false, ['deriveBits']),
  }
  return subscriptionOf('https://push.example.net/p', { keys, auth: bytes(rfc8291.auth) })
}

describe('a push message', () => {
  it('is read as RFC 8291 has it in its example', async () => {
    const receiver = await rfcReceiver()
    expect(receiver.subscription.keys.p256dh).toBe(rfc8291.receiverPublic)
    expect(await receiver.decrypt(bytes(rfc8291.message))).toBe(rfc8291.text)
  })

  it('is not read once a bit of it has changed', async () => {
    const receiver = await rfcReceiver()
    const spoilt = bytes(rfc8291.message)
    spoilt[spoilt.length - 1] = (spoilt.at(-1) ?? 0) ^ 1
    await expect(receiver.decrypt(spoilt)).rejects.toThrow()
    expect(await receiver.decrypt(bytes(rfc8291.message))).toBe(rfc8291.text)
  })
})

describe('the judge of VAPID', () => {
  const { origin, key: vapidKey } = rfc8292
  const shortlyBefore = (rfc8292.expiresAt - 60) * 1000

  it('accepts the example of RFC 8292', async () => {
    const expected = { origin, vapidKey, nowMs: shortlyBefore }
    expect(await vapidProblem(rfc8292.authorization, expected)).toBeNull()
  })

  it('refuses it at another service, after its time, a day too early and under another key', async () => {
    const judge = (changed: object) =>
      vapidProblem(rfc8292.authorization, { origin, vapidKey, nowMs: shortlyBefore, ...changed })
    expect(await judge({ origin: 'https://other.example.net' })).toContain('meant for')
    expect(await judge({ nowMs: rfc8292.expiresAt * 1000 })).toBe('expired')
    expect(await judge({ nowMs: (rfc8292.expiresAt - 86_401) * 1000 })).toBe('expires too late')
    expect(await judge({ vapidKey: rfc8291.receiverPublic })).toBe(
      'not the key of the subscription',
    )
    expect(await judge({})).toBeNull()
  })
})

describe('what the sender library makes', () => {
  it('passes the push service and is read by the independent reader', async () => {
    const vapid = webpush.generateVAPIDKeys()
    const delivered: Uint8Array[] = []
    const service = pushEndpoint(() => ({
      vapidKey: vapid.publicKey,
      gone: false,
      deliver: ({ body }) => void delivered.push(body),
    }))
    const receiver = await makeSubscription('https://push.example.net/p')
    const vapidDetails = { subject: 'mailto:push@example.com', ...vapid }
    const made = webpush.generateRequestDetails(receiver.subscription, 'Is this you?', {
      vapidDetails,
      TTL: 60,
    })
    const body = new Uint8Array(made.body ?? [])
    const { method, endpoint } = made
    const headers = Object.entries(made.headers).map(([name, value]): [string, string] => [
      name,
      String(value),
    ])
    const response = await service.receive(new Request(endpoint, { method, headers, body }))
    expect(response.status).toBe(201)
    expect(await receiver.decrypt(delivered[0] ?? new Uint8Array())).toBe('Is this you?')
  })
})
