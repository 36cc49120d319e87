/** Sends a file as a browser's form does. */
import * as v from 'valibot'
import { Envelope, type Application } from './application.ts'

const Report = v.object({
  dry_run: v.boolean(),
  rows: v.array(
    v.strictObject({
      row: v.number(),
      serial: v.optional(v.string()),
      user: v.optional(v.string()),
      policy: v.optional(v.string()),
      outcome: v.picklist(['taken', 'already there', 'left']),
      why: v.optional(v.string()),
    }),
  ),
})
export type Uploaded = Awaited<ReturnType<typeof upload>>

export async function upload(
  caller: Application,
  path: string,
  file: string | Uint8Array<ArrayBuffer>,
  fields: Record<string, string> = {},
) {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  form.set('file', new File([file], 'tokens', { type: 'application/octet-stream' }))
  const response = await caller.form('POST', path, form)
  const text = await response.text()
  const envelope = v.parse(Envelope, JSON.parse(text))
  const report = v.safeParse(Report, envelope.detail)
  return {
    status: response.status,
    text,
    value: envelope.result.value,
    error: envelope.result.error,
    rows: report.success ? report.output.rows : [],
  }
}
