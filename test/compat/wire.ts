/**
 * Requests byte for byte as a plugin sends them, over node:http: nothing is added, followed, decoded or retried. Beside it the
 * encodings of the HTTP libraries that plugins use, each named after its library.
 */
import { request } from 'node:http'

export type WireRequest = {
  method?: 'GET' | 'POST' | 'DELETE' | 'PUT' | 'OPTIONS'
  path: string
  headers?: Record<string, string>
  body?: string | Buffer
}
export type WireAnswer = {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
  elapsedMs: number
}

export function send(
  at: string,
  { method = 'GET', path, headers = {}, body }: WireRequest,
): Promise<WireAnswer> {
  const startedAt = performance.now()
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
    const sent = request(at + path, { method, headers: { ...headers, ...length } }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          text: Buffer.concat(chunks).toString('utf8'),
          elapsedMs: performance.now() - startedAt,
        }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

export type Fields = Record<string, string>
const joined = (fields: Fields, encode: (text: string) => string): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name}=${encode(value)}`)
    .join('&')

const percent = (text: string, kept: RegExp): string =>
  [...Buffer.from(text, 'utf8')]
    .map((byte) => String.fromCharCode(byte))
    .map((letter) =>
      kept.test(letter)
        ? letter
        : `%${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('')

/** java.net.URLEncoder: a blank becomes +. */
const urlEncoder = (text: string) => percent(text, /[A-Za-z0-9.*_-]| /).replaceAll(' ', '+')

/** OkHttp encodes what URLEncoder has encoded: each value twice. A blank arrives as +, which stays one. */
export const okHttpForm = (fields: Fields): string =>
  joined(fields, (text) => percent(urlEncoder(text), /[A-Za-z0-9*._-]/))
export const okHttpQuery = (fields: Fields): string =>
  joined(fields, (text) => urlEncoder(text).replaceAll('%', '%25').replaceAll('+', '%2B'))

/** Perl: URI::Encode leaves reserved characters, then LWP encodes as a form does. */
export const lwpForm = (fields: Fields, encodedBefore: readonly string[]): string =>
  Object.entries(fields)
    .map(([name, value]) => {
      const once = encodedBefore.includes(name)
        ? percent(value, /[A-Za-z0-9\-._~!*'();:@&=+$,/?#[\]]/)
        : value
      return `${name}=${percent(once, /[A-Za-z0-9\-._~*]| /).replaceAll(' ', '+')}`
    })
    .join('&')

/** .NET: Uri.EscapeDataString. */
export const dotNetForm = (fields: Fields): string =>
  joined(fields, (text) => percent(text, /[A-Za-z0-9\-._~]/))

/** The loop in the PAM modules and in AtlEscapeUrl of the Windows provider. */
export const cPlusPlusForm = (fields: Fields): string =>
  joined(fields, (text) => percent(text, /[A-Za-z0-9\-._~]/))

/** Python 2: urllib.urlencode. */
export const pythonForm = (fields: Fields): string =>
  joined(fields, (text) => percent(text, /[A-Za-z0-9_.-]| /).replaceAll(' ', '+'))

/** PHP's cURL, given an array: multipart, one part a field. */
export function curlMultipart(fields: Fields): { type: string; body: Buffer } {
  const boundary = '------------------------d74496d66958873e'
  const parts = Object.entries(fields).map(
    ([name, value]) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    body: Buffer.from(`${parts.join('')}--${boundary}--\r\n`, 'utf8'),
  }
}

export const form = 'application/x-www-form-urlencoded'
export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms))
