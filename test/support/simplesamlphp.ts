/**
 * Debian's SimpleSAMLphp for a test: identity provider and service provider in one, by PHP's own server on a loopback port, out of a copy, with the
 * module of docs/simplesamlphp.md. What is started here is ended here.
 */
import { execFileSync, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { filled, fileOf, mayRead } from './guide.ts'
import { until } from './until.ts'

const installed = '/usr/share/simplesamlphp'
const [php, openssl] = ['/usr/bin/php', '/usr/bin/openssl']
export const hasSimpleSaml = (): boolean =>
  mayRead(installed, php, openssl, '/etc/simplesamlphp/config.php')

export type SimpleSaml = { at: string; log(): string; stop(): Promise<void> }
type Options = {
  port: number
  server: string
  clientId: string
  clientSecret: string
  /** Passwords by name. */
  people: Record<string, string>
}

/** Where Countersign sends people back to. */
export const backOf = (port: number): string =>
  `http://localhost:${port}/module.php/countersign/back.php`

export async function startSimpleSaml(options: Options): Promise<SimpleSaml> {
  const { port, server, clientId, clientSecret, people } = options
  const folder = mkdtempSync(join(tmpdir(), 'countersign-saml-'))
  const own = join(folder, 'simplesamlphp')
  const isConfiguration = (path: string) => path === `${installed}/config`
  cpSync(installed, own, { recursive: true, filter: (path) => !isConfiguration(path) })
  const config = join(folder, 'config')
  for (const name of ['config/metadata', 'certificates', 'data', 'sessions'])
    mkdirSync(join(folder, name), { recursive: true })
  const write = (path: string, text: string) => {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  for (const path of ['lib/Auth/Process/Ask.php', 'www/back.php'])
    write(
      `${own}/modules/countersign/${path}`,
      fileOf('simplesamlphp.md', `${installed}/modules/countersign/${path}`),
    )
  const at = `http://localhost:${port}`
  const log = join(folder, 'simplesamlphp.log')
  const enabled = fileOf('simplesamlphp.md', '/etc/simplesamlphp/config.php')
  const standard = readFileSync('/etc/simplesamlphp/config.php', 'utf8')
  writeFileSync(
    join(config, 'config.php'),
    `${standard.replace(/^ *'module\.enable' => \[\n/m, () => `${enabled}'exampleauth' => true,\n`).replace("'exampleauth' => false,", '')}
$config = [
  'baseurlpath' => '${at}/', 'certdir' => '${folder}/certificates/', 'loggingdir' => '${folder}/',
  'datadir' => '${folder}/data/', 'tempdir' => '${folder}/data', 'metadatadir' => '${config}/metadata/',
  'secretsalt' => 'of-this-test', 'auth.adminpassword' => 'of-this-test', 'enable.saml20-idp' => true,
  'logging.handler' => 'file', 'session.cookie.secure' => false, 'session.cookie.samesite' => null,
  'session.phpsession.savepath' => '${folder}/sessions', 'statistics.out' => [],
] + $config;\n`,
  )
  const passwords = Object.entries(people).map(
    ([name, password]) => `'${name}:${password}' => ['uid' => ['${name}']],`,
  )
  writeFileSync(
    join(config, 'authsources.php'),
    `<?php $config = [
  'admin' => ['core:AdminPassword'],
  'password' => ['exampleauth:UserPass', ${passwords.join(' ')}],
  'service' => ['saml:SP', 'entityID' => '${at}/service', 'idp' => '${at}/idp'],
];\n`,
  )
  const authproc = filled(
    fileOf('simplesamlphp.md', '/etc/simplesamlphp/metadata/saml20-idp-hosted.php'),
    {
      'https://sign.example.org': server,
      "'client_id' => 'saml'": `'client_id' => '${clientId}'`,
      '<client_secret>': clientSecret,
    },
  )
  const [key, certificate] = ['key.pem', 'certificate.pem'].map((name) =>
    join(folder, 'certificates', name),
  )
  execFileSync(
    openssl,
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=idp'],
      ...['-keyout', key!, '-out', certificate!],
    ],
    { stdio: 'pipe' },
  )
  const public_ = readFileSync(certificate!, 'utf8').replaceAll(/-----[^-]+-----|\n/g, '')
  writeFileSync(
    join(config, 'metadata/saml20-idp-hosted.php'),
    `<?php $metadata['${at}/idp'] = ['host' => '__DEFAULT__', 'privatekey' => 'key.pem', 'certificate' => 'certificate.pem', 'auth' => 'password',\n${authproc}];\n`,
  )
  writeFileSync(
    join(config, 'metadata/saml20-idp-remote.php'),
    `<?php $metadata['${at}/idp'] = ['SingleSignOnService' => '${at}/saml2/idp/SSOService.php', 'certData' => '${public_}'];\n`,
  )
  writeFileSync(
    join(config, 'metadata/saml20-sp-remote.php'),
    `<?php $metadata['${at}/service'] = ['AssertionConsumerService' => '${at}/module.php/saml/sp/saml2-acs.php/service'];\n`,
  )
  const child = spawn(php, ['-S', `127.0.0.1:${port}`, '-t', `${own}/www`], {
    stdio: 'pipe',
    env: { ...process.env, SIMPLESAMLPHP_CONFIG_DIR: config },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  await until(
    'PHP',
    async () => (await fetch(`http://127.0.0.1:${port}/saml2/idp/metadata.php`)).ok,
  )
  return {
    at,
    log: () => said + (existsSync(log) ? readFileSync(log, 'utf8') : ''),
    async stop() {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
