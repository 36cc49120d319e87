/** A file that travels with a request: a part of a form, or its text under the same name in JSON. */
import { refuse } from '../../problem.ts'
import type { Call } from '../surface.ts'
import type { Parameters } from './parameters.ts'

/** @throws Refusal missing_parameter · file_empty · file_not_text */
export async function fileOf(call: Call, parameters: Parameters): Promise<string> {
  const sent = await partOf(call)
  const text = sent === null ? parameters.need('file') : await textOf(sent)
  if (text.trim() === '') refuse({ reason: 'file_empty' })
  return text
}

/** The part as it came: what a form sends as text is not unquoted once more. */
async function partOf(call: Call): Promise<string | File | null> {
  const type = call.req.header('Content-Type') ?? ''
  if (!/^(multipart\/form-data|application\/x-www-form-urlencoded)\b/i.test(type)) return null
  return (await call.req.formData()).get('file') as string | File | null
}

/** Windows writes UTF-16 with its mark. */
async function textOf(sent: string | File): Promise<string> {
  if (typeof sent === 'string') return sent
  const bytes = new Uint8Array(await sent.arrayBuffer())
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8'
  try {
    const text = new TextDecoder(encoding, { fatal: true, ignoreBOM: false }).decode(bytes)
    // No file of tokens has one; a binary file does.
    if (!text.includes('\0')) return text
  } catch {
    // Not text.
  }
  return refuse({ reason: 'file_not_text' })
}
