/** What a build was made from, told from what it would be made from now. */
import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { projectRoot } from './paths.ts'

/**
 * @param sources files and folders, by their path in the project.
 * @returns SHA-256 over the names and contents of all files in them, and over this folder's name: modules are copied with what is
 * noted beside them, but not what was made here, which may name the folder too.
 */
export async function digestOf(sources: string[]): Promise<string> {
  const digest = createHash('sha256').update(`${projectRoot}\n`)
  for (const source of sources)
    for (const path of await filesUnder(source))
      digest.update(`${path}\n`).update(await readFile(join(projectRoot, path)))
  return digest.digest('hex')
}

async function filesUnder(path: string): Promise<string[]> {
  const entries = await readdir(join(projectRoot, path), {
    withFileTypes: true,
    recursive: true,
  }).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOTDIR' ? null : []))
  if (!entries) return [path]
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(projectRoot.length))
    .toSorted()
}
