/**
 * Says which imports break the layout of the design: rooms import one way, the two sides never each other, and nothing
 * goes round in a circle. Works on a plain graph, so that the rules themselves can be tested.
 */
import { readFile, readdir } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'

/** File → the files it imports; paths from the project's root. */
export type Graph = Map<string, string[]>

/** The worker's floors, upper first: a room may import rooms on its own floor and below. */
const floors = [
  ['index'],
  ['app', 'minute'],
  ['routes'],
  ['sign-in', 'grant'],
  ['challenge', 'enrolment', 'factor', 'migration', 'people', 'record', 'webhook'],
  ['connector', 'directory', 'policy', 'push', 'crypto', 'store'],
]
const leaves = ['env', 'problem']
/** Node's side makes keys and hashes passwords; it never runs the worker's own work. */
const localMayImport = [
  ...['worker/factor', 'worker/crypto', 'worker/policy', 'schema'],
  // The connector is a program of its own, and speaks LDAP as the Worker does.
  'worker/directory',
]

/** @returns `worker/challenge` for `worker/challenge/desk/copy.ts`, `pwa` for all of pwa, `test` for all of test. */
export function roomOf(path: string): string {
  const [top = '', second = ''] = path.split('/')
  return top === 'worker' ? `worker/${second.replace(/\.tsx?$/, '')}` : top
}

/** @returns one sentence for each import that may not be, and one for each circle. */
export function faults(graph: Graph): string[] {
  const found: string[] = []
  const rooms: Graph = new Map()
  for (const [from, targets] of graph)
    for (const to of targets) {
      const reason = faultOf(roomOf(from), roomOf(to))
      if (reason) found.push(`${from} imports ${to}: ${reason}`)
      if (roomOf(from) !== roomOf(to))
        rooms.set(roomOf(from), [...(rooms.get(roomOf(from)) ?? []), roomOf(to)])
    }
  for (const circle of [...circles(graph), ...circles(rooms)])
    found.push(`a circle: ${circle.join(' → ')}`)
  return found
}

function faultOf(from: string, to: string): string | null {
  if (from === to || from === 'test') return null
  if (to === 'test') return 'only tests import tests'
  if (from === 'schema') return 'schema/ imports nothing of ours'
  if (to === 'schema') return null
  if (from === 'worker/local')
    return localMayImport.includes(to)
      ? null
      : 'worker/local makes keys and starts the worker, no more'
  if (to === 'worker/local') return 'worker/local runs in Node, beside the worker'
  if (from === 'pwa' || to === 'pwa') return 'the worker and the app meet in schema/ only'
  return faultInWorker(from.slice('worker/'.length), to.slice('worker/'.length))
}

function faultInWorker(from: string, to: string): string | null {
  if (leaves.includes(from)) return `${from} is a leaf`
  if (leaves.includes(to)) return null
  const floorOf = (room: string) => floors.findIndex((floor) => floor.includes(room))
  if (floorOf(from) < 0) return `worker/${from} is no room of the design`
  if (floorOf(to) < 0) return `worker/${to} is no room of the design`
  return floorOf(from) <= floorOf(to) ? null : `${to} is above ${from}`
}

/** Depth first; a way that meets itself is a circle. Each circle once. */
function circles(graph: Graph): string[][] {
  const done = new Set<string>()
  const found: string[][] = []
  const visit = (node: string, way: string[]): void => {
    const met = way.indexOf(node)
    if (met >= 0) found.push([...way.slice(met), node])
    if (met >= 0 || done.has(node)) return
    for (const next of new Set(graph.get(node))) visit(next, [...way, node])
    done.add(node)
  }
  for (const node of graph.keys()) visit(node, [])
  return found
}

const imports =
  /(?:^|[\n;])\s*(?:import|export)\s(?:[^'";]*?\sfrom\s)?\s*'(\.[^']+)'|import\(\s*'(\.[^']+)'/g

/** Relative imports only, types included: a type is knowledge of the other room as well. */
export function importsIn(path: string, source: string): string[] {
  return [...source.matchAll(imports)].map((match) => from(path, match[1] ?? match[2]!))
}

const earlyImports =
  /(?:^|[\n;])\s*(?:import|export)\s(?!type\s)(?:[^'";]*?\sfrom\s)?\s*'(\.[^']+)'/g

/** Of those, what has run before the file does: neither types nor what is imported late. */
export function earlyImportsIn(path: string, source: string): string[] {
  return [...source.matchAll(earlyImports)].map((match) => from(path, match[1]!))
}

const from = (path: string, to: string): string =>
  normalize(join(dirname(path), to)).replaceAll('\\', '/')

/** @returns the files of ours that run when this one is started, itself among them. */
export async function runAtStart(root: string, path: string, run: string[] = []) {
  run.push(path)
  for (const next of earlyImportsIn(path, await readFile(join(root, path), 'utf8')))
    if (!run.includes(next)) await runAtStart(root, next, run)
  return run
}

const isCode = (path: string) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts')

/** The graph of worker/, pwa/ and schema/ as they stand. */
export async function projectGraph(root: string): Promise<Graph> {
  const graph: Graph = new Map()
  for (const top of ['worker', 'pwa', 'schema'])
    for (const name of await readdir(join(root, top), { recursive: true })) {
      const path = join(top, name).replaceAll('\\', '/')
      if (!isCode(path)) continue
      const targets = importsIn(path, await readFile(join(root, path), 'utf8'))
      graph.set(path, targets.filter(isCode))
    }
  return graph
}
