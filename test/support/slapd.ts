/**
 * A slapd of Debian's for a test: OpenLDAP with TLS, on a loopback port of its own, out of a folder of its own. It knows Active
 * Directory's attributes and password policies. What is started here is ended here.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../worker/local/port.ts'
import { answers } from './answers.ts'
import type { Authority } from './tls.ts'

const [server, add, modify] = ['/usr/sbin/slapd', '/usr/sbin/slapadd', '/usr/bin/ldapmodify']
const schemas = ['core', 'cosine', 'inetorgperson'].map((name) => `/etc/ldap/schema/${name}.schema`)
export const hasSlapd = (): boolean => [server, add, modify, ...schemas].every(existsSync)

export const suffix = 'dc=example,dc=org'
export const peopleBase = `ou=people,${suffix}`
/** The account that a resolver searches with. */
export const reader = { dn: `cn=reader,${suffix}`, password: 'reads-and-no-more' }
const root = { dn: `cn=root,${suffix}`, password: 'all-of-it' }

/** Names by attribute; several values are a list. */
export type Entry = { dn: string; [attribute: string]: string | string[] | Buffer }

export type Slapd = {
  /** ldaps://localhost:… */
  uri: string
  /** The same without TLS. */
  plainUri: string
  /** LDIF of changes. */
  modify(ldif: string): void
  /** SIGKILL: a machine that has lost its power. */
  kill(): Promise<void>
  /** SIGSTOP and SIGCONT: a machine that takes connections and says nothing. */
  freeze(): void
  thaw(): void
  start(): Promise<void>
  remove(): Promise<void>
}

const person = (uid: string, more: Record<string, string | string[]> = {}): Entry => ({
  dn: `uid=${uid},${peopleBase}`,
  objectClass: 'inetOrgPerson',
  uid,
  cn: uid,
  sn: 'Gruber',
  givenName: 'Anna',
  mail: `${uid}@example.org`,
  userPassword: `password of ${uid}`,
  ...more,
})
export { person as inetOrgPerson }

const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64')

/** Every value in base64: none can be mistaken for LDIF. */
function ldifOf(entries: Entry[]): string {
  const line = (name: string, value: string | Buffer) => `${name}:: ${base64(value)}`
  return entries
    .map(({ dn, ...attributes }) =>
      [
        line('dn', dn),
        ...Object.entries(attributes).flatMap(([name, values]) =>
          [values].flat().map((value) => line(name, value)),
        ),
      ].join('\n'),
    )
    .join('\n\n')
}

const frame: Entry[] = [
  { dn: suffix, objectClass: ['dcObject', 'organization'], dc: 'example', o: 'Example' },
  { dn: peopleBase, objectClass: 'organizationalUnit', ou: 'people' },
  { dn: `ou=policies,${suffix}`, objectClass: 'organizationalUnit', ou: 'policies' },
  {
    dn: reader.dn,
    objectClass: ['organizationalRole', 'simpleSecurityObject'],
    cn: 'reader',
    userPassword: reader.password,
  },
  {
    dn: `cn=default,ou=policies,${suffix}`,
    objectClass: ['organizationalRole', 'pwdPolicy'],
    cn: 'default',
    pwdAttribute: 'userPassword',
    pwdMaxAge: '31536000',
    pwdMustChange: 'TRUE',
    pwdLockout: 'TRUE',
    pwdMaxFailure: '50',
  },
]

export async function startSlapd({ leaf }: Authority, entries: Entry[]): Promise<Slapd> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-slapd-'))
  const [port, plainPort] = [await freePort('127.0.0.1', 0), await freePort('127.0.0.1', 0)]
  const file = (name: string, text: string | Buffer): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  file('key.pem', leaf.key)
  file('cert.pem', leaf.cert)
  const configuration = file('slapd.conf', configurationOf(folder))
  execFileSync('mkdir', [join(folder, 'data')])
  const all = file('all.ldif', ldifOf([...frame, ...entries]))
  execFileSync(add, ['-q', '-f', configuration, '-l', all], { stdio: 'pipe' })
  const plainUri = `ldap://localhost:${plainPort}`
  let child: ChildProcess
  const start = async () => {
    child = spawn(
      server,
      [
        '-d',
        '0',
        '-f',
        configuration,
        '-h',
        `ldaps://127.0.0.1:${port} ldap://127.0.0.1:${plainPort}`,
      ],
      { stdio: 'pipe' },
    )
    await answers(plainPort)
  }
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGKILL')
    await ended
  }
  await start()
  return {
    uri: `ldaps://localhost:${port}`,
    plainUri,
    modify(ldif) {
      const words = ['-x', '-H', plainUri, '-D', root.dn, '-w', root.password]
      execFileSync(modify, words, { input: ldif, stdio: ['pipe', 'pipe', 'pipe'] })
    },
    kill,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    start,
    async remove() {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** As Active Directory has them; OpenLDAP's own copy cannot be searched for an objectGUID. */
const activeDirectory = `
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName'
  EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID'
  EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl'
  EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.159 NAME 'accountExpires'
  EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.5.9.1 NAME 'adPerson' SUP top AUXILIARY
  MAY ( sAMAccountName $ objectGUID $ userAccountControl $ accountExpires ) )
`

const configurationOf = (folder: string): string => `
${schemas.map((schema) => `include ${schema}`).join('\n')}
${activeDirectory}pidfile ${folder}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
TLSCertificateFile ${folder}/cert.pem
TLSCertificateKeyFile ${folder}/key.pem
sizelimit size.soft=unlimited size.hard=unlimited size.pr=unlimited size.prtotal=unlimited
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${reader.dn}" read by anonymous auth by * none
database mdb
maxsize 268435456
suffix "${suffix}"
rootdn "${root.dn}"
rootpw ${root.password}
directory ${folder}/data
dbnosync
index objectClass,uid,entryUUID,objectGUID eq
overlay ppolicy
ppolicy_default "cn=default,ou=policies,${suffix}"
`
