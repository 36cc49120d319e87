/**
 * Connectors: two programs beside a slapd with a certificate authority of its own, which the Worker can neither reach nor trust.
 * They are the real command, each a process.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Application } from '../support/application.ts'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import {
  type Slapd,
  hasSlapd,
  inetOrgPerson,
  peopleBase,
  reader,
  startSlapd,
  suffix,
} from '../support/slapd.ts'
import { privateAuthority } from '../support/tls.ts'
import { until } from '../support/until.ts'

const command = join(import.meta.dirname, '../../worker/local/connector/command.ts')

type Running = { child: ChildProcess; said: () => string; kill: () => Promise<void> }

describe.skipIf(!hasSlapd())('a connector', () => {
  let slapd: Slapd
  let d: Deployment
  let admin: Application
  const folder = mkdtempSync(join(tmpdir(), 'countersign-connector-'))
  const running: Running[] = []

  const connector = (name: string, ...words: string[]) => run(command, name, ...words)
  function run(program: string, name: string, ...words: string[]): Running {
    const config = join(folder, `${name}.json`)
    const child = spawn(process.execPath, [program, 'connector', '--config', config, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
    const one = {
      child,
      said: () => said,
      kill: async () => {
        child.kill('SIGKILL')
        await ended
      },
    }
    running.push(one)
    return one
  }
  function configure(name: string, more: object = {}): void {
    const directory = {
      LDAPURI: slapd.uri,
      LDAPBASE: peopleBase,
      BINDDN: reader.dn,
      BINDPW_FILE: 'reader-password',
      CA_FILE: 'ca.pem',
      ...more,
    }
    const settings = {
      server: d.url,
      key: `${name}.key`,
      label: name,
      directories: { far: directory },
    }
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(settings))
  }
  async function must(method: string, path: string, body?: object) {
    const { status, envelope } = await admin.call(method, path, body)
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(envelope)}`)
    return envelope.result.value
  }
  const list = async () =>
    (await must('GET', '/connector')) as { id: string; label: string; connected: boolean }[]
  const isConnected = (label: string) =>
    until(label, async () => (await list()).some((one) => one.label === label && one.connected))
  async function enrolled(name: string): Promise<Running> {
    const { code } = (await must('POST', '/connector', { name: 'office' })) as { code: string }
    const one = connector(name, '--enrol', code)
    await isConnected(name)
    return one
  }
  const resolver = (more: object = {}) => ({
    type: 'ldapresolver',
    CONNECTOR: 'office',
    LDAPBASE: peopleBase,
    LOGINNAMEATTRIBUTE: 'uid',
    LDAPSEARCHFILTER: '(objectClass=inetOrgPerson)',
    USERINFO: '{"username":"uid","email":"mail"}',
    UIDTYPE: 'entryUUID',
    CACHE_TIMEOUT: '0',
    TIMEOUT: '3',
    SIZELIMIT: '0',
    ...more,
  })
  const outcome = async (user: string, pass: string) => {
    const { status, envelope } = await d.application.check({ user, pass, realm: 'far' })
    return envelope.result.authentication ?? status
  }

  beforeAll(async () => {
    const authority = privateAuthority()
    writeFileSync(join(folder, 'ca.pem'), authority.ca)
    writeFileSync(join(folder, 'reader-password'), reader.password, { mode: 0o600 })
    const people = ['anna', 'bert', ...Array.from({ length: 1200 }, (_, at) => `p${at}`)]
    slapd = await startSlapd(
      authority,
      people.map((uid) => inetOrgPerson(uid)),
    )
    d = await startDeployment()
    admin = await d.administrator()
    await must('POST', '/resolver/far', resolver())
    await must('POST', '/realm/far', { resolvers: 'far' })
    await must('POST', '/policy/far', {
      scope: 'authentication',
      realm: 'far',
      action: { otppin: 'userstore', passthru: true },
    })
    configure('one')
    configure('two')
  })
  afterAll(async () => {
    for (const one of running) await one.kill()
    await d?.remove()
    await slapd?.remove()
    rmSync(folder, { recursive: true, force: true })
  })

  it('lets nobody in before one is connected, and asks the directory from there on', async () => {
    expect(await outcome('anna', 'password of anna')).toBe(503)
    await enrolled('one')
    expect(await outcome('anna', 'password of bert')).toBe('REJECT')
    expect(await outcome('anna', '')).toBe('REJECT')
    expect(await outcome('anna', 'password of anna')).toBe('ACCEPT')
    expect(await outcome('nobody', 'password of anna')).toBe(400)
    // In parts, of which one list is made.
    expect(await must('GET', '/user/?realm=far')).toHaveLength(1202)
    const told = JSON.stringify(await must('GET', '/resolver/far')) + d.log.join()
    expect(told).not.toContain(reader.password)
  })

  it('enrols with a code once, and with no other', async () => {
    configure('late')
    const { code } = (await must('POST', '/connector', { name: 'office' })) as { code: string }
    const wrong = connector('late', '--enrol', code.slice(0, -1) + (code.endsWith('_') ? '-' : '_'))
    await until('a refusal', () => wrong.said().includes('This code is wrong'), 60_000)
    const right = connector('late', '--enrol', code)
    await isConnected('late')
    configure('later')
    const again = connector('later', '--enrol', code)
    await until('a refusal', () => again.said().includes('This code is wrong'), 60_000)
    await right.kill()
  })

  it('may die in the middle of a login, which another one then does', async () => {
    const two = await enrolled('two')
    const one = running[0]!
    // The directory says nothing, so both questions are under way when the one who has this one dies.
    slapd.freeze()
    const logins = [outcome('anna', 'password of anna'), outcome('bert', 'password of bert')]
    await new Promise((resolve) => setTimeout(resolve, 500))
    await one.kill()
    slapd.thaw()
    expect(await Promise.all(logins)).toEqual(['ACCEPT', 'ACCEPT'])
    for (let round = 0; round < 4; round++)
      expect(await outcome('bert', 'password of bert')).toBe('ACCEPT')
    expect((await list()).filter(({ connected }) => connected)).toMatchObject([{ label: 'two' }])
    await two.kill()
    expect(await outcome('bert', 'password of bert')).toBe(503)
    connector('one')
    await isConnected('one')
    expect(await outcome('bert', 'password of bert')).toBe('ACCEPT')
  })

  it('runs out of its package, where there is nothing but Node', async () => {
    const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {
      cwd: join(import.meta.dirname, '../..'),
      encoding: 'utf8',
    })
    execFileSync('tar', ['-xzf', packed.trim().split('\n').at(-1)!], { cwd: folder })
    configure('packed')
    const { code } = (await must('POST', '/connector', { name: 'office' })) as { code: string }
    const program = join(folder, 'package/worker/local/connector/bin.mjs')
    await running.at(-1)!.kill()
    const one = run(program, 'packed', '--enrol', code)
    await isConnected('packed')
    expect((await list()).filter(({ connected }) => connected)).toMatchObject([{ label: 'packed' }])
    expect(await outcome('bert', 'password of bert')).toBe('ACCEPT')
    await one.kill()
    connector('one')
    await isConnected('one')
  })

  it('does what its own file allows and no more', async () => {
    const tried = async (more: object) => {
      const { envelope } = await admin.call('POST', '/resolver/test', {
        resolver: 'far',
        ...resolver(more),
      })
      return (envelope.detail as { description?: string } | null)?.description
    }
    expect(await tried({})).toContain('more than 100 people')
    expect(await tried({ LDAPBASE: suffix })).toContain('does not allow the base')
    expect(await tried({ resolver: 'other' })).toContain("has no directory 'other'")
    const { status } = await admin.call('POST', '/resolver/test', resolver({ BINDPW: 'x' }))
    expect(status).toBe(400)
    await running.at(-1)!.kill()
    configure('one', { operations: ['find'], attributes: ['uid', 'mail', 'entryUUID'] })
    connector('one')
    await isConnected('one')
    expect(await outcome('bert', 'password of bert')).toBe(503)
    expect(await tried({ USERINFO: '{"username":"uid","email":"userPassword"}' })).toContain(
      'does not allow the attribute userPassword',
    )
    await running.at(-1)!.kill()
    configure('one')
    connector('one')
    await isConnected('one')
    expect(await outcome('bert', 'password of bert')).toBe('ACCEPT')
  })

  it('is cut off when it is revoked, and not let in again', async () => {
    const { id } = (await list()).find(({ label }) => label === 'one')!
    await must('DELETE', `/connector/${id}`)
    const one = running.at(-1)!
    await until('the end', () => one.said().includes('has revoked it'), 60_000)
    expect(await outcome('bert', 'password of bert')).toBe(503)
    const again = connector('one')
    await until('the end', () => again.said().includes('has revoked it'), 60_000)
    expect((await list()).filter(({ connected }) => connected)).toEqual([])
  })
})
