/** Comma separated values (RFC 4180): quoted fields may hold commas, quotes and line ends. Pure. */

export type Line = { row: number; fields: string[] }

/** @returns the lines that have anything in them, with the number that an editor shows; fields trimmed. */
export function linesOf(text: string, separator = ','): Line[] {
  const lines: Line[] = []
  let fields: string[] = []
  let row = 1
  let began = 1
  const pattern = new RegExp(
    `("(?:[^"]|"")*"[^${separator}\\r\\n]*|[^${separator}\\r\\n]*)(${separator}|\\r\\n|\\n|\\r|$)`,
    'y',
  )
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text
  while (pattern.lastIndex < body.length) {
    const [, field = '', end = ''] = pattern.exec(body) ?? []
    fields.push(plain(field))
    row += field.match(/\r\n|\n|\r/g)?.length ?? 0
    if (end === separator && pattern.lastIndex < body.length) continue
    if (end === separator) fields.push('')
    if (fields.some((one) => one !== '')) lines.push({ row: began, fields })
    fields = []
    began = ++row
  }
  return lines
}

function plain(field: string): string {
  const [, quoted] = /^\s*"((?:[^"]|"")*)"\s*$/.exec(field) ?? []
  return (quoted === undefined ? field : quoted.replaceAll('""', '"')).trim()
}
