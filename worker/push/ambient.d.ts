/** The part of web-push that encrypts. Its own index brings in a second ASN.1 and a second JWT, which nothing here needs. */
declare module 'web-push/src/encryption-helper.js' {
  /** RFC 8291. @throws Error for keys that nothing can be encrypted for. */
  export function encrypt(
    userPublicKey: string,
    userAuth: string,
    payload: string,
    contentEncoding: 'aes128gcm',
  ): { cipherText: Uint8Array<ArrayBuffer> }
}
