/** What a person sets when starting: taken as it stands, or refused in one sentence that names it. */
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bindingsOf, isAtHome } from '../../worker/local/bindings.ts'
import type { Keys } from '../../worker/local/keys.ts'
import {
  Refusal,
  defaultPublicUrl,
  listenAddress,
  readSettings,
} from '../../worker/local/settings.ts'

describe('settings', () => {
  it('listen on this machine alone unless told otherwise', () => {
    expect(readSettings({})).toEqual({
      host: '127.0.0.1',
      port: 8787,
      publicUrl: null,
      state: resolve('.state'),
      adminPassword: null,
      trustedProxies: '',
      pushHosts: '',
      trailSeconds: 5,
      databases: 1,
    })
  })

  it('are what the environment says', () => {
    const env = {
      HOST: '::',
      PORT: '0',
      PUBLIC_URL: 'https://Sign.example.org/',
      COUNTERSIGN_STATE: '/var/lib/countersign',
      COUNTERSIGN_ADMIN_PASSWORD: 'eight ch',
      TRUSTED_PROXIES: '10.0.0.0/8, ::1',
      PUSH_HOSTS: 'push.example.net ,localhost',
      TRAIL_SECONDS: '0',
      COUNTERSIGN_DATABASES: '4',
    }
    expect(readSettings(env)).toEqual({
      host: '::',
      port: 0,
      publicUrl: 'https://sign.example.org',
      state: '/var/lib/countersign',
      adminPassword: 'eight ch',
      trustedProxies: '10.0.0.0/8,::1',
      pushHosts: 'push.example.net,localhost',
      trailSeconds: 0,
      databases: 4,
    })
  })

  it.each([
    ['PORT', '80a'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['HOST', 'example.org'],
    ['PUBLIC_URL', 'sign.example.org'],
    ['PUBLIC_URL', 'ftp://sign.example.org'],
    ['PUBLIC_URL', 'https://sign.example.org/app'],
    ['PUBLIC_URL', 'https://me@sign.example.org'],
    ['PUBLIC_URL', 'https://sign.example.org?x'],
    ['TRUSTED_PROXIES', 'proxy.example.org'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRUSTED_PROXIES', '10.0.0.0/8/8'],
    ['PUSH_HOSTS', 'https://push.example.net'],
    ['TRAIL_SECONDS', '61'],
    ['TRAIL_SECONDS', '1.5'],
    ['TRAIL_SECONDS', '-1'],
    ['COUNTERSIGN_ADMIN_PASSWORD', 'short'],
    ['COUNTERSIGN_DATABASES', '0'],
    ['COUNTERSIGN_DATABASES', '257'],
    ['COUNTERSIGN_DATABASES', '-1'],
    ['COUNTERSIGN_DATABASES', '2.5'],
  ])('refuse %s %s, by name and in one sentence', (name, value) => {
    const read = () => readSettings({ [name]: value })
    expect(read).toThrow(Refusal)
    expect(read).toThrow(new RegExp(`^${name} [^\n]*\\.$`))
  })

  it.each([
    ['127.0.0.1', 'http://localhost:8787'],
    ['0.0.0.0', 'http://localhost:8787'],
    ['192.0.2.7', 'http://192.0.2.7:8787'],
    ['2001:db8::7', 'http://[2001:db8::7]:8787'],
  ])('make an address of their own for %s', (host, url) => {
    expect(defaultPublicUrl(host, 8787)).toBe(url)
  })
})

it.each([
  ['127.0.0.1', 'http://127.0.0.1:8787'],
  ['0.0.0.0', 'http://127.0.0.1:8787'],
  ['::', 'http://[::1]:8787'],
])('what listens on %s is reached from here at %s', (host, address) => {
  expect(listenAddress(host, 8787)).toBe(address)
})

describe('the Try-it application', () => {
  const keys: Keys = {
    masterKey: 'm',
    pepper: 'p',
    vapid: { publicKey: 'v', privateKey: 'w' },
    chain: { root: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }, links: [] },
    signingKey: {},
    tryApiKey: 'id_secret',
  }

  it.each([
    ['127.0.0.1', 'http://localhost:8787', true],
    ['::1', 'http://[::1]:8787', true],
    ['0.0.0.0', 'http://localhost:8787', false],
    ['192.0.2.7', 'http://localhost:8787', false],
    ['127.0.0.1', 'https://sign.example.org', false],
    ['127.0.0.1', 'https://localhost.example.org', false],
  ])('listening on %s as %s: %s', (host, publicUrl, there) => {
    expect(isAtHome(host, publicUrl)).toBe(there)
    const settings = { host, trustedProxies: '', pushHosts: '', trailSeconds: 5 }
    const bindings = bindingsOf(settings, publicUrl, keys)
    expect(bindings.TRY_API_KEY).toBe(there ? 'id_secret' : '')
  })
})
