#!/usr/bin/env node
/**
 * `npx countersign connector …`. Plain JavaScript: out of a package that was installed it runs what was built for that
 * (build.ts), because Node reads no TypeScript there; in the project itself it runs the source.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))

if (process.argv[2] !== 'connector') {
  console.error('Say: countersign connector [--config connector.json] [--enrol CODE]')
  process.exit(1)
}
if (typeof WebSocket === 'undefined') {
  console.error(`The connector needs Node 22 or newer; this is Node ${process.versions.node}.`)
  process.exit(1)
}
const built = here('built.mjs')
await import(existsSync(built) ? built : here('command.ts'))
