/** What a run found: a table on the screen, and a file of results that says on what machine and for which commit. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** One promise of the bench, with what was measured for it. */
export type Figure = {
  name: string
  mustReach: string
  measured: string
  reached: boolean
}
/** One line of measurements: numbers by the column's name. */
export type Row = Record<string, string | number>
export type Findings = { figures: Figure[]; rows: Row[]; svg?: string }

const results = fileURLToPath(new URL('results', import.meta.url))
const parts = fileURLToPath(new URL('../../.bench/parts', import.meta.url))

export function keep(name: string, { figures, rows, svg }: Findings): void {
  mkdirSync(results, { recursive: true })
  const file = { measuredAt: new Date().toISOString(), commit: commit(), machine, figures, rows }
  writeFileSync(join(results, `${name}.json`), `${JSON.stringify(file, null, 2)}\n`)
  if (svg) writeFileSync(join(results, `${name}.svg`), svg)
}

/**
 * A part of a long figure. A run that was cut off takes up what it had measured at the same commit; what was measured of files that
 * are in no commit is measured again.
 */
export async function part<T>(name: string, measure: () => Promise<T>): Promise<T> {
  const at = commit()
  const file = join(parts, `${name}-${at}.json`)
  if (existsSync(file) && !at.endsWith('+')) return JSON.parse(readFileSync(file, 'utf8')) as T
  const measured = await measure()
  mkdirSync(parts, { recursive: true })
  writeFileSync(file, JSON.stringify(measured))
  return measured
}

const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`

/** With a plus where files had been changed since. */
function commit(): string {
  const git = (...given: string[]) => execFileSync('git', given, { encoding: 'utf8' }).trim()
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '-uno') ? '+' : ''}`
  } catch {
    return 'unknown'
  }
}

/** Numbers with as many digits as say something. */
export const figure = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)

export function table(rows: Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const texts = rows.map((row) => columns.map((column) => cell(row[column])))
  const widths = columns.map((column, at) =>
    Math.max(column.length, ...texts.map((line) => line[at]!.length)),
  )
  const isNumber = (at: number) => rows.some((row) => typeof row[columns[at]!] === 'number')
  const line = (cells: string[]) =>
    cells
      .map((text, at) => (isNumber(at) ? text.padStart(widths[at]!) : text.padEnd(widths[at]!)))
      .join('  ')
      .trimEnd()
  return [line(columns), ...texts.map(line)].join('\n')
}

const cell = (value: Row[string] | undefined): string =>
  value === undefined ? '' : typeof value === 'number' ? figure(value) : value

export const verdict = ({ name, mustReach, measured, reached }: Figure): string =>
  `${reached ? '✓' : '✗'} ${name}: ${measured} (must reach: ${mustReach})`
