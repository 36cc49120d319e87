/** The enrolment code as the privacyIDEA Authenticator app reads it. */

export type StockLink = {
  url: string
  serial: string
  credential: string
  label: string
  issuer: string
  ttlMinutes: number
  sslVerify: boolean
  pollOnly: boolean
  forceUnlock: string | null
  all: URLSearchParams
}

/** @throws Error where the app would call the code invalid. */
export function readStockLink(link: string): StockLink {
  const [, label, query] = /^(?:otpauth|pia):\/\/pipush\/([^?]*)\?(.*)$/.exec(link) ?? []
  if (label === undefined || query === undefined) throw new Error(`no push token: ${link}`)
  const all = new URLSearchParams(query)
  const need = (name: string) => {
    const value = all.get(name)
    if (!value) throw new Error(`the enrolment code lacks ${name}`)
    return value
  }
  if (need('v') !== '1') throw new Error(`version ${need('v')} of enrolment codes is not known`)
  return {
    url: need('url'),
    serial: need('serial'),
    credential: need('enrollment_credential'),
    issuer: need('issuer'),
    label: decodeURIComponent(label),
    ttlMinutes: Number(all.get('ttl') ?? 10),
    sslVerify: (all.get('sslverify') ?? '1') === '1',
    pollOnly: all.get('poll_only') === 'True',
    forceUnlock: all.get('app_force_unlock'),
    all,
  }
}
