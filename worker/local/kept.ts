/** What takes seconds to make and only changes with its sources, kept beside the modules. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from './digest.ts'
import { projectRoot } from './paths.ts'

/** @param sources as digestOf takes them. @returns what `make` made of them, now or at an earlier start in this folder. */
export async function kept(
  name: string,
  sources: string[],
  make: () => Promise<string>,
): Promise<string> {
  const path = join(projectRoot, 'node_modules', name)
  const madeFrom = `// ${await digestOf(sources)}\n`
  const last = await readFile(path, 'utf8').catch(() => '')
  if (last.startsWith(madeFrom)) return last.slice(madeFrom.length)
  const made = await make()
  // Whoever reads it at the same moment gets the one or the other, whole.
  const beside = `${path}.${process.pid}`
  await writeFile(beside, madeFrom + made)
  await rename(beside, path)
  return made
}
