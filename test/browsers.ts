/**
 * Sees to it that the browser tests have browsers: on Debian, as root, missing ones are installed; elsewhere one line
 * says what is left out and how to bring it in.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { canShowNotifications, chromiumPath, firefoxPath, webkitPaths } from './support/browser.ts'

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
]

const missing = () => needs.filter(({ here }) => !here())
const mayInstall = () => existsSync('/etc/debian_version') && process.getuid?.() === 0

/** @returns one line about what the browser tests will leave out, or null. */
export function provideBrowsers(say: (line: string) => void): string | null {
  if (missing().length && mayInstall()) install(say)
  const left = missing().map(({ what }) => what)
  if (!left.length) return null
  return `Left out, because it is not on this machine: ${left.join(', ')}. CHROME_PATH and FIREFOX_PATH say where browsers are.`
}

function install(say: (line: string) => void): void {
  const packages = missing().flatMap((need) => need.packages)
  say(`Installing for the browser tests: ${packages.join(', ')} …`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  try {
    execFileSync('apt-get', ['update', '-qq'], { env, stdio: 'pipe' })
    const flags = ['install', '-y', '-qq', '--no-install-recommends']
    execFileSync('apt-get', [...flags, ...packages], { env, stdio: 'pipe' })
  } catch (error) {
    say(`apt-get could not install them: ${(error as Error).message.split('\n')[0]}`)
  }
}
