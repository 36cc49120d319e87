/**
 * Stands in for what reads certificates of attestations, in the bundle: we ask for none (`attestationType: 'none'`), and who sends one
 * all the same is refused. It would be a quarter of the worker, and of the time that it takes to start. What is left of ASN.1 is the
 * signature of an elliptic curve: a SEQUENCE of two INTEGERs, in DER.
 */
function refused(): never {
  throw new Error('attestation certificates are not looked at')
}

export class ECDSASigValue {
  r = new ArrayBuffer(0)
  s = new ArrayBuffer(0)
}

export const AsnParser = {
  parse: (bytes: Uint8Array, type: unknown): ECDSASigValue =>
    type === ECDSASigValue ? signatureOf(bytes) : refused(),
}

function signatureOf(bytes: Uint8Array): ECDSASigValue {
  const whole = elementAt(bytes, 0, 0x30)
  const r = elementAt(bytes, whole.from, 0x02)
  const s = elementAt(bytes, r.to, 0x02)
  if (whole.to !== bytes.length || s.to !== bytes.length || r.from === r.to || s.from === s.to)
    throw new Error('the signature is not two integers in a sequence')
  const part = ({ from, to }: Element): ArrayBuffer => bytes.slice(from, to).buffer as ArrayBuffer
  return { r: part(r), s: part(s) }
}

type Element = { from: number; to: number }

/** Lengths up to 255: a signature of the longest curve has 139. */
function elementAt(bytes: Uint8Array, at: number, tag: number): Element {
  const isLong = bytes[at + 1] === 0x81
  const from = at + (isLong ? 3 : 2)
  const length = bytes[from - 1] ?? 0
  // DER has the shortest form alone.
  if (bytes[at] !== tag || isLong !== length > 127 || from + length > bytes.length)
    throw new Error('the signature is not DER')
  return { from, to: from + length }
}

/** No maker of authenticators is known. */
const unknown = ''

export {
  refused as MetadataService,
  refused as convertCertBufferToPEM,
  refused as convertX509PublicKeyToCOSE,
  refused as getCertificateInfo,
  refused as isCertRevoked,
  refused as validateCertificatePath,
  refused as validateExtFIDOGenCEAAGUID,
  refused as verifyAttestationAndroidKey,
  refused as verifyAttestationAndroidSafetyNet,
  refused as verifyAttestationApple,
  refused as verifyAttestationFIDOU2F,
  refused as verifyAttestationTPM,
  refused as verifyAttestationWithMetadata,
  unknown as Apple_WebAuthn_Root_CA,
  unknown as GlobalSign_Root_CA,
  unknown as GlobalSign_Root_CA_R3,
  unknown as GlobalSign_Root_R46,
  unknown as Google_Hardware_Attestation_Root_1,
  unknown as Google_Hardware_Attestation_Root_2,
  unknown as Google_Hardware_Attestation_Root_3,
  unknown as Google_Hardware_Attestation_Root_4,
}
