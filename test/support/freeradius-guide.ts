/** The FreeRADIUS of docs/freeradius.md: Debian's configuration with the files of the page, on a loopback port of its own. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freeUdpPort, hasFreeradius, launchFreeradius } from './freeradius.ts'
import { filled, fileOf, mayRead } from './guide.ts'
import { type RadiusClient, radiusClient } from './radius.ts'

const installed = '/etc/freeradius/3.0'
const secret = 'a-long-random-secret'

export const hasGuideFreeradius = (): boolean =>
  hasFreeradius() && mayRead(`${installed}/radiusd.conf`)

export type GuideFreeradius = { client: RadiusClient; port: number; stop(): Promise<void> }

type Options = {
  server: string
  key: string
  realm: string
  waitSeconds: number
  password?: 'check' | 'ignore'
  /** The page whose clients it has, where that is another. */
  clientsOf?: string
}

export async function startGuideFreeradius(options: Options): Promise<GuideFreeradius> {
  const { server, key, realm, waitSeconds, password = 'check', clientsOf } = options
  const folder = mkdtempSync(join(tmpdir(), 'countersign-radius-'))
  const port = await freeUdpPort()
  cpSync(installed, folder, { recursive: true, verbatimSymlinks: true })
  const write = (path: string, values: Record<string, string>) =>
    writeFileSync(
      join(folder, path),
      filled(fileOf('freeradius.md', `${installed}/${path}`), values),
    )
  // As the page has it removed.
  for (const path of ['sites-enabled/default', 'sites-enabled/inner-tunnel', 'mods-enabled/eap'])
    rmSync(join(folder, path))
  if (clientsOf === undefined) write('clients.conf', { '192.0.2.20': '127.0.0.1' })
  else writeFileSync(join(folder, 'clients.conf'), fileOf(clientsOf, `${installed}/clients.conf`))
  write('sites-enabled/countersign', { 'ipaddr = *': 'ipaddr = 127.0.0.1', '1812': String(port) })
  write('countersign.pl', {})
  write('mods-enabled/countersign', {
    [installed]: folder,
    'https://sign.example.org': server,
    '<api_key>': key,
    'realm = ""': `realm = "${realm}"`,
    'password = check': `password = ${password}`,
    'wait = 20': `wait = ${waitSeconds}`,
  })
  const own = join(folder, 'radiusd.conf')
  writeFileSync(
    own,
    filled(readFileSync(own, 'utf8'), {
      'raddbdir = /etc/freeradius/3.0': `raddbdir = ${folder}`,
      'logdir = /var/log/freeradius': `logdir = ${folder}`,
      'run_dir = ${localstatedir}/run/${name}': `run_dir = ${folder}`,
      // Nobody guesses here.
      'reject_delay = 1': 'reject_delay = 0',
      'user = freerad': '',
      'group = freerad': '',
    }),
  )
  const stop = await launchFreeradius(folder)
  const client = radiusClient(secret)
  return {
    client,
    port,
    async stop() {
      client.close()
      await stop()
    },
  }
}
