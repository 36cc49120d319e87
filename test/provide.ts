/**
 * Sees to it that the tests have the programs that they test with, browsers and servers: on Debian, as root, missing ones are
 * installed; elsewhere one line says what is left out and how to bring it in.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { hasApacheOpenid } from './support/apache.ts'
import { canShowNotifications, chromiumPath, firefoxPath, webkitPaths } from './support/browser.ts'
import { hasFreeradius } from './support/freeradius.ts'
import { hasPamRadius } from './support/pamtester.ts'
import { hasSamba } from './support/samba.ts'
import { hasSimpleSaml } from './support/simplesamlphp.ts'
import { hasSlapd } from './support/slapd.ts'

const needs = [
  { what: 'Chromium', here: () => chromiumPath() !== null, packages: ['chromium'] },
  { what: 'Firefox', here: () => firefoxPath() !== null, packages: ['firefox-esr'] },
  {
    what: 'WebKitGTK',
    here: () => webkitPaths() !== null,
    packages: ['webkit2gtk-driver', 'xvfb'],
  },
  {
    what: 'clicks on notifications',
    here: () => canShowNotifications() && existsSync('/usr/bin/openssl'),
    packages: ['dbus-daemon', 'libnotify4', 'openssl'],
  },
  {
    what: 'FreeRADIUS',
    here: hasFreeradius,
    packages: ['freeradius', 'freeradius-utils'],
  },
  {
    what: 'PAM by RADIUS',
    // Only root may make a service of PAM's.
    here: () => hasPamRadius() || process.getuid?.() !== 0,
    packages: ['libpam-radius-auth', 'pamtester'],
  },
  {
    what: 'Apache with OpenID Connect',
    here: hasApacheOpenid,
    packages: ['apache2', 'libapache2-mod-auth-openidc'],
  },
  {
    what: 'SimpleSAMLphp',
    here: hasSimpleSaml,
    packages: ['simplesamlphp', 'php-cli', 'php-xml', 'php-mbstring', 'openssl'],
  },
  { what: 'OpenLDAP', here: hasSlapd, packages: ['slapd', 'ldap-utils'] },
]
/** The long forms alone need it. */
const needsOfFull = [
  {
    what: 'Active Directory by Samba',
    here: () => hasSamba() || process.getuid?.() !== 0,
    packages: ['samba', 'samba-ad-provision', 'samba-dsdb-modules', 'ldap-utils', 'openssl'],
  },
]

const missing = (full: boolean) =>
  [...needs, ...(full ? needsOfFull : [])].filter(({ here }) => !here())
const mayInstall = () => existsSync('/etc/debian_version') && process.getuid?.() === 0

/** @returns one line about what the tests will leave out, or null. */
export function provide(say: (line: string) => void, full: boolean): string | null {
  if (missing(full).length && mayInstall()) install(say, missing(full))
  const left = missing(full).map(({ what }) => what)
  if (!left.length) return null
  return `Left out, because it is not on this machine: ${left.join(', ')}. CHROME_PATH and FIREFOX_PATH say where browsers are.`
}

/** One after another: what this Debian does not have keeps nothing else away. */
function install(say: (line: string) => void, all: typeof needs): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...words: string[]) => execFileSync('apt-get', words, { env, stdio: 'pipe' })
  const mayStart = keepFromStarting()
  try {
    apt('update', '-qq')
    for (const { packages } of all) {
      say(`Installing for the tests: ${packages.join(', ')} …`)
      try {
        apt('install', '-y', '-qq', '--no-install-recommends', ...packages)
      } catch (error) {
        say(`apt-get could not install them: ${(error as Error).message.split('\n')[0]}`)
      }
    }
  } catch (error) {
    say(`apt-get could not look for packages: ${(error as Error).message.split('\n')[0]}`)
  } finally {
    mayStart()
  }
}

/** A RADIUS server that starts by being installed would be one that nobody asked for. @returns what takes that back. */
function keepFromStarting(): () => void {
  const policy = '/usr/sbin/policy-rc.d'
  if (existsSync(policy)) return () => undefined
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  return () => rmSync(policy)
}
