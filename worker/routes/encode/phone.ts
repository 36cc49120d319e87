/** Keys as privacyIDEA writes them: lines of 64 characters, without the lines that say what it is. */
export const wrappedKey = (base64: string): string => (base64.match(/.{1,64}/g) ?? []).join('\n')

export const pemOf = (base64: string): string =>
  `-----BEGIN RSA PUBLIC KEY-----\n${wrappedKey(base64)}\n-----END RSA PUBLIC KEY-----\n`
