/** A line of a CSV file (RFC 4180) that a spreadsheet opens as text. */

/** A cell that begins so is run as a formula: what somebody typed as their name would act on who reads the file. */
const formula = /^[\s]*[=+\-@|%]|^[\t\r\n]/

const cell = (text: string): string =>
  `"${(formula.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`

export const csvLine = (cells: readonly string[]): string => `${cells.map(cell).join(',')}\r\n`
