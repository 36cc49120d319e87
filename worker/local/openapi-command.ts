/** Writes schema/openapi.json (`npm run openapi`), after every change of the contract. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openapiDocument } from './openapi.ts'
import { projectRoot } from './paths.ts'

const { version } = JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8')) as {
  version: string
}
await writeFile(
  join(projectRoot, 'schema/openapi.json'),
  `${JSON.stringify(openapiDocument(version), null, 2)}\n`,
)
