/**
 * PSKC (RFC 6030) as a list of key packages, still locked: what is written is read here, what it takes to open it is in
 * pskc-open.ts. Pure. privacyIDEA's own exports are PSKC with lower case names, the hash as an attribute and the drift in seconds.
 */
import { refuse } from '../problem.ts'
import { type Element, all, at, readXml, textAt } from './xml.ts'

/** Encrypted bytes and by what. */
export type Locked = { algorithm: string; value: string }

export type KeyPackage = {
  row: number
  serial: string
  type: string
  description: string
  length: string
  hashlib: string
  /** Base64, as it stands. */
  plain: string
  locked: Locked | null
  mac: string
  counter: string
  timeInterval: string
  timeDrift: string
  /** The drift counts seconds, not intervals. */
  driftInSeconds: boolean
  expires: string
  /** What no token here can be, or ''. */
  why: string
}

export type Container = {
  packages: KeyPackage[]
  /** null: the key is shared, not derived from a password. */
  derivation: {
    algorithm: string
    salt: string
    iterations: string
    bytes: string
    prf: string
  } | null
  /** key null: the values' own key. */
  mac: { algorithm: string; key: Locked | null } | null
  /** Encrypted to somebody's certificate. */
  certificate: boolean
}

/** @throws Refusal import_refused */
export function readPskc(text: string): Container {
  const root = readXml(text)
  if (root.name !== 'keycontainer')
    refuse({
      reason: 'import_refused',
      why: 'No KeyContainer found in PSKC data. Could not import any tokens.',
    })
  const encryption = at(root, 'encryptionkey')
  const method = at(encryption, 'derivedkey', 'keyderivationmethod')
  const parameters = at(method, 'pbkdf2-params')
  const mac = at(root, 'macmethod')
  return {
    packages: all(root, 'keypackage').map(packageOf),
    derivation: method
      ? {
          algorithm: algorithmOf(method),
          salt: textAt(parameters, 'salt', 'specified'),
          iterations: textAt(parameters, 'iterationcount'),
          bytes: textAt(parameters, 'keylength'),
          prf: algorithmOf(at(parameters, 'prf')),
        }
      : null,
    mac: mac ? { algorithm: algorithmOf(mac), key: lockedIn(at(mac, 'mackey')) } : null,
    certificate: at(encryption, 'x509data') !== undefined,
  }
}

function packageOf(element: Element, index: number): KeyPackage {
  const key = at(element, 'key')
  const id = key?.attributes.id ?? ''
  const algorithm = key?.attributes.algorithm ?? ''
  const data = at(key, 'data')
  const secret = at(data, 'secret')
  const suite = at(key, 'algorithmparameters', 'suite')
  const response = at(key, 'algorithmparameters', 'responseformat')
  const type = algorithm.slice(Math.max(algorithm.lastIndexOf(':'), algorithm.lastIndexOf('#')) + 1)
  // Yubico names a key by the number of its device and the slot.
  const [, device, slot] = /^(\d+):(\d+)$/.exec(id) ?? []
  return {
    row: index + 1,
    serial: device ? `UBOM${device}_${slot}` : textAt(element, 'deviceinfo', 'serialno') || id,
    type: type.toLowerCase(),
    description: textAt(element, 'deviceinfo', 'manufacturer'),
    length: response?.attributes.length ?? '6',
    hashlib: suite?.text || suite?.attributes.hashalgo || 'sha1',
    plain: textAt(secret, 'plainvalue'),
    locked: lockedIn(at(secret, 'encryptedvalue')),
    mac: textAt(secret, 'valuemac'),
    counter: valueIn(data, 'counter'),
    timeInterval: valueIn(data, 'timeinterval'),
    timeDrift: valueIn(data, 'timedrift'),
    driftInSeconds: textAt(key, 'issuer') === 'privacyIDEA',
    expires: textAt(key, 'policy', 'expirydate'),
    why: unfit(key, response),
  }
}

function unfit(key: Element | undefined, response: Element | undefined): string {
  if (!key) return 'there is no key in it'
  if ((response?.attributes.encoding ?? 'decimal').toLowerCase() !== 'decimal')
    return 'its one-time passwords are not decimal'
  if (response?.attributes.checkdigits === 'true' || response?.attributes.checkdigits === '1')
    return 'its one-time passwords have a check digit'
  if (at(key, 'data', 'counter', 'encryptedvalue')) return 'its counter is encrypted'
  return ''
}

/** privacyIDEA reads the text of the element itself as well. */
const valueIn = (data: Element | undefined, name: string): string =>
  textAt(data, name, 'plainvalue') || textAt(data, name)

const lockedIn = (element: Element | undefined): Locked | null =>
  (element && {
    algorithm: algorithmOf(at(element, 'encryptionmethod')),
    value: textAt(element, 'cipherdata', 'ciphervalue'),
  }) ||
  null

/** The last part of the name: `http://www.w3.org/2001/04/xmlenc#aes128-cbc` is aes128-cbc. */
const algorithmOf = (element: Element | undefined): string =>
  (element?.attributes.algorithm ?? '').split('#').at(-1)?.toLowerCase() ?? ''
