/** The XML that came with SafeNet's (Aladdin's) eToken PASS: HOTP tokens. Text in, rows out; pure. */
import { refuse } from '../problem.ts'
import { type Found, type TokenFound, plainToken } from './rows.ts'
import {
  hashlibByLength,
  hashlibNamed,
  noteOf,
  problemOf,
  problemOfSerial,
  seedFrom,
} from './seed.ts'
import { all, at, readXml, textAt } from './xml.ts'

/** @throws Refusal import_refused */
export function readAladdin(text: string): Found<TokenFound> {
  const root = readXml(text)
  if (root.name !== 'tokens')
    refuse({ reason: 'import_refused', why: 'No toplevel element Tokens' })
  const found: Found<TokenFound> = { rows: [], left: [] }
  for (const [index, element] of all(root, 'token').entries()) {
    const application = at(element, 'applications', 'application')
    const about = { row: index + 1, serial: element.attributes.serial ?? '' }
    const seed = seedFrom(textAt(application, 'seed'))
    const hashlib = hashlibByLength(seed?.length ?? 0)
    const kind = {
      type: 'hotp',
      length: 6,
      timeStep: 30,
      counter: Number(textAt(application, 'movingfactor') || 0),
    } as const
    const why = problemOfSerial(about.serial) || problemOf(kind, seed, hashlib)
    if (why !== '' || !seed) found.left.push({ ...about, why })
    else
      found.rows.push({
        ...plainToken,
        ...about,
        ...kind,
        hashlib: hashlibNamed(hashlib) ?? 'sha1',
        description: textAt(element, 'productname').slice(0, 80),
        seed,
        note: noteOf(seed),
      })
  }
  return found
}
