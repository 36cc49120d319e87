/**
 * Old records in a bucket: one object for each customer, day and part, gzip of one line of JSON a row. A part is named after its
 * first row, so that writing it again, after a crash between writing and deleting, overwrites it and doubles nothing.
 */
import type { Kind } from '../policy/kept.ts'
import { type OldRow, keyOf } from '../store/old-records.ts'
import { dayOf } from './day.ts'
import { putTogether } from './receipt.ts'

/** @param rows of one customer and one day, oldest first, at least one. @throws what the bucket throws; nothing may be deleted then. */
export async function archive(bucket: R2Bucket, kind: Kind, rows: OldRow[]): Promise<void> {
  const text = rows.map((row) => `${JSON.stringify(lineOf(row))}\n`).join('')
  const zipped = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))
  await bucket.put(nameOf(kind, rows[0]!), await new Response(zipped).arrayBuffer(), {
    httpMetadata: { contentType: 'application/gzip' },
    customMetadata: { rows: String(rows.length) },
  })
}

/** Names sort as the rows do. */
function nameOf(kind: Kind, first: OldRow): string {
  const key = String(keyOf(first)).padStart(16, '0')
  const customer = encodeURIComponent(first.customer)
  return `${kind}/${customer}/${dayOf(first.at)}/${first.at}-${key}.ndjson.gz`
}

/** A row as it was, a receipt as it was signed. */
function lineOf(row: OldRow): object {
  if (!('claims' in row)) return row
  const { kid, claims, signature, ...about } = row
  return { ...about, receipt: putTogether({ kid, claims, signature }) }
}
