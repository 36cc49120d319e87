/**
 * Regular expressions of policies, run without ever going back: each character of the text moves a set of states once, so that
 * no pattern makes a login slow. What would need more than that (back references, looking around) is refused when it is written.
 */

type Test = (character: string) => boolean
type Step =
  | { kind: 'one'; test: Test }
  | { kind: 'edge'; end: boolean }
  | { kind: 'word'; inside: boolean }
  | { kind: 'fork'; to: number[] }
  | { kind: 'done' }

type Node =
  | { kind: 'one'; test: Test }
  | { kind: 'edge'; end: boolean }
  | { kind: 'word'; inside: boolean }
  | { kind: 'all'; of: Node[] }
  | { kind: 'any'; of: Node[] }
  | { kind: 'repeat'; of: Node; min: number; max: number }

const longestPattern = 256
/** A serial has some twenty characters: with these, a login costs some ten thousand steps at most. */
const mostSteps = 1000
const mostRepeats = 100
const deepest = 20

export class PatternProblem extends Error {}
const problem = (text: string): never => {
  throw new PatternProblem(text)
}

/** @returns what is wrong with the pattern, in words, or null. */
export function patternProblem(source: string): string | null {
  try {
    compile(source)
    return null
  } catch (error) {
    if (error instanceof PatternProblem) return error.message
    throw error
  }
}

const compiled = new Map<string, Step[]>()

/** Whether the pattern is found anywhere in the text. A pattern that is none finds nothing. */
export function finds(source: string, text: string): boolean {
  let steps = compiled.get(source)
  if (!steps) {
    if (patternProblem(source) !== null) return false
    steps = compile(source)
    if (compiled.size >= 100) compiled.clear()
    compiled.set(source, steps)
  }
  return run(steps, [...text])
}

function run(steps: Step[], text: string[]): boolean {
  let at = new Set<number>()
  for (let index = 0; ; index++) {
    // A match may begin anywhere.
    at.add(0)
    const here = reached(steps, at, text, index)
    if (here === null) return true
    const character = text[index]
    if (character === undefined) return false
    at = new Set(
      [...here].flatMap((state) => {
        const step = steps[state]
        return step?.kind === 'one' && step.test(character) ? [state + 1] : []
      }),
    )
  }
}

/** Follows what needs no character. @returns null where the end of the pattern is reached. */
function reached(
  steps: Step[],
  from: Set<number>,
  text: string[],
  index: number,
): Set<number> | null {
  const seen = new Set<number>()
  const todo = [...from]
  for (let state = todo.pop(); state !== undefined; state = todo.pop()) {
    if (seen.has(state)) continue
    seen.add(state)
    const step = steps[state]
    if (step?.kind === 'done') return null
    if (step?.kind === 'fork') todo.push(...step.to)
    if (step?.kind === 'edge' && index === (step.end ? text.length : 0)) todo.push(state + 1)
    if (step?.kind === 'word') {
      const isEdge = isWord(text[index - 1] ?? '') !== isWord(text[index] ?? '')
      if (isEdge !== step.inside) todo.push(state + 1)
    }
  }
  return seen
}

function compile(source: string): Step[] {
  if (source.length > longestPattern) problem(`must have at most ${longestPattern} characters`)
  const reader = { text: [...source], at: 0, depth: 0 }
  const node = alternatives(reader)
  if (reader.at < reader.text.length) problem(`has a ) too many at ${reader.at + 1}`)
  const steps: Step[] = []
  write(steps, node)
  steps.push({ kind: 'done' })
  return steps
}

function write(steps: Step[], node: Node): void {
  if (steps.length > mostSteps) problem('is too complex: use fewer or shorter repetitions')
  switch (node.kind) {
    case 'one':
    case 'edge':
    case 'word':
      steps.push(node)
      return
    case 'all':
      // Even nothing is a step: an empty group that is repeated over and over counts as well.
      if (node.of.length === 0) steps.push({ kind: 'fork', to: [steps.length + 1] })
      for (const part of node.of) write(steps, part)
      return
    case 'any':
      return writeAny(steps, node.of)
    case 'repeat':
      return writeRepeat(steps, node)
  }
}

function writeAny(steps: Step[], of: Node[]): void {
  const fork = { kind: 'fork' as const, to: [] as number[] }
  steps.push(fork)
  const leaving = of.map((branch) => {
    fork.to.push(steps.length)
    write(steps, branch)
    const leave = { kind: 'fork' as const, to: [] as number[] }
    steps.push(leave)
    return leave
  })
  for (const leave of leaving) leave.to.push(steps.length)
}

function writeRepeat(steps: Step[], { of, min, max }: Node & { kind: 'repeat' }): void {
  for (let time = 0; time < min; time++) write(steps, of)
  if (max === Infinity) {
    const fork = { kind: 'fork' as const, to: [steps.length + 1] }
    const at = steps.push(fork) - 1
    write(steps, of)
    steps.push({ kind: 'fork', to: [at] })
    fork.to.push(steps.length)
    return
  }
  const optional = Array.from({ length: max - min }, () => {
    const fork = { kind: 'fork' as const, to: [steps.length + 1] }
    steps.push(fork)
    write(steps, of)
    return fork
  })
  for (const fork of optional) fork.to.push(steps.length)
}

type Reader = { text: string[]; at: number; depth: number }
const next = (reader: Reader): string => reader.text[reader.at] ?? ''
function takes(reader: Reader, text: string): boolean {
  if (reader.text.slice(reader.at, reader.at + text.length).join('') !== text) return false
  reader.at += text.length
  return true
}

function alternatives(reader: Reader): Node {
  const branches = [sequence(reader)]
  while (takes(reader, '|')) branches.push(sequence(reader))
  return branches.length === 1 ? branches[0]! : { kind: 'any', of: branches }
}

function sequence(reader: Reader): Node {
  const of: Node[] = []
  while (reader.at < reader.text.length && !'|)'.includes(next(reader))) of.push(repeated(reader))
  return { kind: 'all', of }
}

function repeated(reader: Reader): Node {
  const of = atom(reader)
  const times = timesOf(reader)
  if (!times) return of
  // Greedy or not: what is found is the same.
  takes(reader, '?')
  if (timesOf(reader)) problem('repeats a repetition: put a group around it')
  return { kind: 'repeat', of, ...times }
}

function timesOf(reader: Reader): { min: number; max: number } | null {
  if (takes(reader, '*')) return { min: 0, max: Infinity }
  if (takes(reader, '+')) return { min: 1, max: Infinity }
  if (takes(reader, '?')) return { min: 0, max: 1 }
  const [all, low = '', comma, high = ''] =
    /^\{(\d{0,4})(,)?(\d{0,4})\}/.exec(reader.text.slice(reader.at, reader.at + 12).join('')) ?? []
  if (!all || (low === '' && high === '')) return null
  reader.at += all.length
  const min = Number(low)
  const max = comma === undefined ? min : high === '' ? Infinity : Number(high)
  if (max < min || Math.max(min, max === Infinity ? 0 : max) > mostRepeats)
    problem(`repeats from ${min} to ${max} times: at most ${mostRepeats} can be counted`)
  return { min, max }
}

function atom(reader: Reader): Node {
  const character = next(reader)
  reader.at++
  switch (character) {
    case '^':
      return { kind: 'edge', end: false }
    case '$':
      return { kind: 'edge', end: true }
    case '.':
      return { kind: 'one', test: (one) => one !== '\n' }
    case '(':
      return group(reader)
    case '[':
      return { kind: 'one', test: set(reader) }
    case '*':
    case '+':
    case '?':
      return problem(`has nothing to repeat at ${reader.at}`)
    case '\\':
      return escaped(reader)
    default:
      return { kind: 'one', test: (one) => one === character }
  }
}

function group(reader: Reader): Node {
  if (takes(reader, '?') && !takes(reader, ':'))
    problem('looks around or names a group: only ( and (?: are understood')
  if (++reader.depth > deepest) problem('has groups too deep within each other')
  const inner = alternatives(reader)
  if (!takes(reader, ')')) problem('has a group without an end')
  reader.depth--
  return inner
}

const isWord: Test = (one) => /^[\p{L}\p{N}_]$/u.test(one)
const classes: Record<string, Test> = {
  d: (one) => /^\p{Nd}$/u.test(one),
  w: isWord,
  s: (one) => /^\s$/.test(one),
}
const controls: Record<string, string> = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v' }

/** What follows a backslash, in a set and outside. */
function escapedTest(reader: Reader): Test {
  const character = next(reader)
  reader.at++
  const named = classes[character.toLowerCase()]
  if (named) return character === character.toLowerCase() ? named : (one) => !named(one)
  const meant = controls[character] ?? character
  if (character === '' || (/[a-zA-Z0-9]/.test(character) && !(character in controls)))
    problem(`does not mean anything with \\${character}: back references are not understood`)
  return (one) => one === meant
}

function escaped(reader: Reader): Node {
  if (takes(reader, 'b')) return { kind: 'word', inside: false }
  if (takes(reader, 'B')) return { kind: 'word', inside: true }
  if (takes(reader, 'A')) return { kind: 'edge', end: false }
  if (takes(reader, 'Z')) return { kind: 'edge', end: true }
  return { kind: 'one', test: escapedTest(reader) }
}

function set(reader: Reader): Test {
  const isNegated = takes(reader, '^')
  const tests: Test[] = []
  for (let first = true; first || next(reader) !== ']'; first = false) {
    if (reader.at >= reader.text.length) problem('has a [ without an end')
    const from = next(reader)
    reader.at++
    if (from === '\\') tests.push(escapedTest(reader))
    else if (next(reader) === '-' && (reader.text[reader.at + 1] ?? ']') !== ']') {
      const to = reader.text[reader.at + 1] ?? ''
      reader.at += 2
      if (to === '\\' || to < from) problem(`has no range from ${from} to ${to}`)
      tests.push((one) => one >= from && one <= to)
    } else tests.push((one) => one === from)
  }
  reader.at++
  return (one) => tests.some((test) => test(one)) !== isNegated
}
