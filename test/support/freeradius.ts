/**
 * A FreeRADIUS of Debian's for a test: on a loopback port of its own, out of a folder of its own, asking our server through its
 * Perl module. Requests come from radclient. What is started here is ended here.
 */
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const server = '/usr/sbin/freeradius'
const client = '/usr/bin/radclient'
const perlModule = '/usr/lib/freeradius/rlm_perl.so'
export const hasFreeradius = (): boolean => [server, client, perlModule].every(existsSync)

const secret = 'between-nas-and-radius'

export type Packet = { code: string; replyMessage: string; state: string; elapsedMs: number }
export type Freeradius = {
  /** One Access-Request. @returns what came back for it. */
  ask(user: string, password: string, state?: string): Promise<Packet>
  stop(): Promise<void>
}

type Options = { url: string; apiKey?: string }

export async function startFreeradius({ url, apiKey = '' }: Options): Promise<Freeradius> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-radius-'))
  const port = await freeUdpPort()
  writeFileSync(join(folder, 'dictionary'), '$INCLUDE /usr/share/freeradius/dictionary\n')
  writeFileSync(join(folder, 'radiusd.conf'), configuration(folder, port, url, apiKey))
  const stop = await launchFreeradius(folder)
  return { ask: (user, password, state) => ask(port, user, password, state), stop }
}

/** Out of a folder that is taken away with it. @returns what ends it. */
export async function launchFreeradius(folder: string): Promise<() => Promise<void>> {
  const child = spawn(server, ['-f', '-l', 'stdout', '-d', folder], { stdio: 'pipe' })
  let log = ''
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  const ready = new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      log += chunk.toString()
      if (log.includes('Ready to process requests')) resolve()
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    void ended.then(() => reject(new Error(`FreeRADIUS did not start:\n${log}`)))
  })
  await ready.catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true })
    throw error
  })
  return async () => {
    child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
}

async function ask(port: number, user: string, password: string, state = ''): Promise<Packet> {
  const startedAt = performance.now()
  const child = spawn(client, ['-x', '-r', '1', '-t', '25', `127.0.0.1:${port}`, 'auth', secret])
  const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`
  child.stdin.end(
    [
      `User-Name = ${quoted(user)}`,
      `User-Password = ${quoted(password)}`,
      'NAS-IP-Address = 192.0.2.7',
      ...(state ? [`State = ${state}`] : []),
    ].join('\n'),
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await new Promise((resolve) => child.on('close', resolve))
  const received = output.slice(output.indexOf('Received '))
  const code = /^Received (Access-\w+)/.exec(received)?.[1]
  if (code === undefined) throw new Error(`no answer from FreeRADIUS:\n${output}`)
  return {
    code,
    replyMessage: /Reply-Message = "(.*)"/.exec(received)?.[1] ?? '',
    state: /State = (0x[0-9a-f]+)/.exec(received)?.[1] ?? '',
    elapsedMs: performance.now() - startedAt,
  }
}

export function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4')
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address()
      socket.close(() => resolve(port))
    })
  })
}

const configuration = (folder: string, port: number, url: string, apiKey: string): string => `
prefix = /usr
libdir = /usr/lib/freeradius
confdir = ${folder}
raddbdir = ${folder}
logdir = ${folder}
run_dir = ${folder}
db_dir = ${folder}
max_request_time = 30
log {
  destination = stdout
}
security {
  reject_delay = 0
  allow_vulnerable_openssl = yes
}
thread pool {
  start_servers = 2
  max_servers = 8
  min_spare_servers = 1
  max_spare_servers = 4
}
client nas {
  ipaddr = 127.0.0.1
  secret = ${secret}
}
modules {
  perl {
    filename = ${fileURLToPath(new URL('freeradius.pl', import.meta.url))}
    config {
      url = "${url}"
      key = "${apiKey}"
    }
  }
}
server default {
  listen {
    type = auth
    ipaddr = 127.0.0.1
    port = ${port}
  }
  authorize {
    perl
    update control {
      Auth-Type := Perl
    }
  }
  authenticate {
    Auth-Type Perl {
      perl
    }
  }
}
`
