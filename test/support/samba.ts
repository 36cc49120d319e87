/**
 * An Active Directory domain controller for a test: Samba's, of Debian, out of a folder of its own and at a loopback address of its
 * own, because the ports of an Active Directory are fixed. Only root may have those. What is started here is ended here.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answers } from './answers.ts'
import { type Authority, privateAuthority } from './tls.ts'

const programs = ['/usr/sbin/samba', '/usr/bin/samba-tool', '/usr/bin/ldapmodify']
const schema = '/usr/share/samba/setup/ad-schema'
export const hasSamba = (): boolean =>
  process.getuid?.() === 0 && [...programs, schema].every(existsSync)

export const suffix = 'DC=example,DC=org'
export const peopleBase = `CN=Users,${suffix}`
const address = '127.0.0.87'
const administrator = { name: 'Administrator@example.org', password: 'Admin-Passw0rd!' }
export const lockedAfter = 5

/** `bare` has no password, and costs the directory little. */
export type Person = { name: string; more?: Record<string, string>; bare?: boolean }

export type ActiveDirectory = {
  /** ldaps://127.0.0.87 */
  uri: string
  /** What vouches for it, in PEM. */
  ca: Buffer
  add(people: Person[]): Promise<void>
  /** Changes as LDIF has them, without `dn` and `changetype`. */
  modify(name: string, changes: string): Promise<void>
  rename(name: string, to: string): Promise<void>
  remove(): Promise<void>
}

const dnOf = (name: string): string => `CN=${name},${peopleBase}`
export const passwordOf = (name: string): string => `password of ${name}`
/** The account that a resolver searches with. */
export const reader = { dn: 'reader@example.org', password: passwordOf('reader') }
/** As Active Directory wants it: in quotes, UTF-16, and over TLS alone. */
const unicodePassword = (name: string): string =>
  Buffer.from(`"${passwordOf(name)}"`, 'utf16le').toString('base64')

const entryOf = ({ name, more = {}, bare = false }: Person): string =>
  [
    `dn: ${dnOf(name)}`,
    'changetype: add',
    ...Object.entries({
      objectClass: 'user',
      sAMAccountName: name,
      userPrincipalName: `${name}@example.org`,
      givenName: 'Anna',
      sn: 'Gruber',
      mail: `${name}@example.org`,
      userAccountControl: bare ? '544' : '512',
      ...more,
    }).map(([attribute, value]) => `${attribute}: ${value}`),
    ...(bare ? [] : [`unicodePwd:: ${unicodePassword(name)}`]),
  ].join('\n')

export async function startSamba(): Promise<ActiveDirectory> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-samba-'))
  const authority = privateAuthority(`IP:${address}`)
  const configuration = provision(folder, authority)
  const child = spawn('samba', ['-i', '-M', 'single', '-s', configuration, '--debug-stdout'], {
    stdio: 'pipe',
  })
  const remove = async () => {
    await ended(child)
    rmSync(folder, { recursive: true, force: true })
  }
  const uri = `ldaps://${address}`
  /** In the background: a large one takes so long that the connections of others would be closed meanwhile. */
  const ldif = async (text: string): Promise<void> => {
    const words = ['-x', '-H', uri, '-D', administrator.name, '-w', administrator.password]
    const env = { ...process.env, LDAPTLS_CACERT: join(folder, 'ca.pem') }
    const modifying = execFile('ldapmodify', words, { env })
    const done = new Promise<void>((resolve, reject) => {
      let said = ''
      modifying.stderr!.on('data', (chunk: string) => (said += chunk))
      modifying.once('close', (code) => (code === 0 ? resolve() : reject(new Error(said))))
    })
    modifying.stdin!.end(text)
    await done
  }
  try {
    await answers(636, address)
    await ldif(entryOf({ name: 'reader' }))
  } catch (error) {
    await remove()
    throw error
  }
  return {
    uri,
    ca: authority.ca,
    add: (people) => ldif(people.map(entryOf).join('\n\n')),
    modify: (name, changes) => ldif(`dn: ${dnOf(name)}\nchangetype: modify\n${changes}\n`),
    rename: (name, to) =>
      ldif(
        [
          `dn: ${dnOf(name)}\nchangetype: modrdn\nnewrdn: CN=${to}\ndeleteoldrdn: 1`,
          [
            ...[`dn: ${dnOf(to)}`, 'changetype: modify'],
            ...['replace: sAMAccountName', `sAMAccountName: ${to}`, '-'],
            ...['replace: userPrincipalName', `userPrincipalName: ${to}@example.org`],
          ].join('\n'),
        ].join('\n\n'),
      ),
    remove,
  }
}

/** @returns the configuration: a domain that serves its directory and nothing else, with weak passwords and a lock after five. */
function provision(folder: string, { ca, leaf }: Authority): string {
  const at = (name: string) => join(folder, name)
  for (const [name, content] of [
    ['ca.pem', ca],
    ['cert.pem', leaf.cert],
    ['key.pem', leaf.key],
  ] as const)
    writeFileSync(at(name), content, { mode: 0o600 })
  const tool = (...words: string[]) => execFileSync('samba-tool', words, { stdio: 'pipe' })
  tool(
    ...['domain', 'provision', '--realm=EXAMPLE.ORG', '--domain=EXAMPLE', '--server-role=dc'],
    ...['--dns-backend=NONE', `--adminpass=${administrator.password}`, '--host-name=dc1'],
    ...[`--targetdir=${folder}`, `--host-ip=${address}`],
    ...[`--option=interfaces=${address}/8`, '--option=bind interfaces only=yes'],
    `--option=posix:eadb=${at('eadb.tdb')}`,
  )
  const [made, configuration] = [at('etc/smb.conf'), at('serving.conf')]
  const services = `server services = ldap
    tls keyfile = ${at('key.pem')}
    tls certfile = ${at('cert.pem')}
    tls cafile = ${at('ca.pem')}
    pid directory = ${at('pid')}
    ncalrpc dir = ${at('ncalrpc')}
    log file = ${at('log')}`
  const text = readFileSync(made, 'utf8').replace(/^\s*log file = .*$/m, '')
  writeFileSync(configuration, text.replace(/server services = .*/, services))
  for (const name of ['pid', 'ncalrpc']) mkdirSync(at(name))
  tool(
    ...['domain', 'passwordsettings', 'set', '--complexity=off', '--min-pwd-length=0'],
    ...[`--account-lockout-threshold=${lockedAfter}`, '-s', configuration],
    ...['-H', at('private/sam.ldb')],
  )
  return configuration
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await closed
}
