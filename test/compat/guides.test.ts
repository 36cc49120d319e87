/** Every command that a guide of docs/ gives to Countersign, by the shell, curl and jq that an administrator has. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { blocksOf } from '../support/guide.ts'
import { openDesk } from './desk.ts'

const pages = [
  'freeradius',
  'netscaler',
  'keycloak',
  'nextcloud',
  'simplesamlphp',
  'oidc-clients',
].map((name) => `${name}.md`)
const has = ['/bin/bash', '/usr/bin/curl', '/usr/bin/jq'].every(existsSync)

describe.skipIf(!has)('the commands of', () => {
  beforeAll(() => openDesk(inject('plain'), 'office', { phones: false }))

  it.each(pages)('%s are taken, every one', (page) => {
    const { at, token } = inject('plain')
    const commands = blocksOf(page, 'sh').filter((block) => block.includes('$SERVER'))
    expect(commands.length).toBeGreaterThan(0)
    const script = `set -euo pipefail\ncurl() { command curl --fail-with-body "$@"; }\n${commands.join('\n')}`
    const said = execFileSync('/bin/bash', [], {
      input: script,
      encoding: 'utf8',
      env: { ...process.env, SERVER: at, TOKEN: token },
    })
    // jq shows null for what is not there.
    expect(said.trim().split('\n')).not.toContain('null')
  })
})
