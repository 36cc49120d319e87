/** Debian's Apache for a test, with a file of a guide's: on a loopback port of its own, out of a folder of its own. What is started here is ended here. */
import { spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './until.ts'

const program = '/usr/sbin/apache2'
const modules = '/usr/lib/apache2/modules'
const loaded = [
  'mpm_event',
  'authn_core',
  'authz_core',
  'authz_user',
  'dir',
  'headers',
  'auth_openidc',
]
const files = (names: string[]) => names.map((name) => `${modules}/mod_${name}.so`)
export const hasApacheOpenid = (): boolean => [program, ...files(loaded)].every(existsSync)

export type Apache = { at: string; log(): string; stop(): Promise<void> }

export async function startApache(port: number, configuration: string): Promise<Apache> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-apache-'))
  const site = join(folder, 'site')
  mkdirSync(site)
  writeFileSync(join(site, 'index.html'), 'the wiki')
  writeFileSync(join(site, 'bye.html'), 'goodbye')
  const log = join(folder, 'error.log')
  writeFileSync(
    join(folder, 'apache.conf'),
    [
      ...loaded.map((name, at) => `LoadModule ${name}_module ${files(loaded)[at]}`),
      `ServerRoot ${folder}`,
      `ServerName localhost`,
      `Listen 127.0.0.1:${port}`,
      `PidFile ${folder}/pid`,
      `DefaultRuntimeDir ${folder}`,
      `ErrorLog ${log}`,
      'LogLevel warn auth_openidc:info',
      `DocumentRoot ${site}`,
      // What the application behind it would read.
      'Header always set Remote-User "expr=%{REMOTE_USER}"',
      ...(process.getuid?.() === 0 ? ['User www-data', 'Group www-data'] : []),
      configuration,
    ].join('\n'),
  )
  // Its workers are somebody else.
  chmodSync(folder, 0o755)
  const child = spawn(program, ['-DFOREGROUND', '-f', join(folder, 'apache.conf')], {
    stdio: 'pipe',
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  const at = `http://localhost:${port}`
  const read = () => (existsSync(log) ? readFileSync(log, 'utf8') : '')
  await until('Apache', async () => {
    if (child.exitCode !== null) throw new Error(`Apache ended:\n${said}\n${read()}`)
    return (await fetch(`http://127.0.0.1:${port}/bye.html`)).ok
  })
  return {
    at,
    log: read,
    async stop() {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
