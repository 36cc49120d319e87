/**
 * Completes package-lock.json with the optional packages of other platforms (`npm run lock`). A lock that npm writes
 * against a registry which only serves this platform leaves them out, and people elsewhere could then not install.
 * Only names, versions and platforms are written: no address, no checksum that nobody here could have checked.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export type LockedPackage = {
  version?: string
  optional?: boolean
  dev?: boolean
  resolved?: string
  os?: string[]
  cpu?: string[]
  libc?: string[]
  optionalDependencies?: Record<string, string>
}
export type Lock = { packages: Record<string, LockedPackage> }

const systems =
  'aix|android|darwin|freebsd|linux|linuxmusl|netbsd|openbsd|openharmony|sunos|win32|windows'
const processors = 'arm64|arm|ia32|loong64|mips64el|ppc64|ppc64le|riscv64|s390x|x64|wasm32|64'
const named = (words: string) => new RegExp(`(?:^|[-/])(${words})(?=$|[-/])`)

/** Reads the platform from a package's name: `@esbuild/linux-arm64`, `@cloudflare/workerd-windows-64`. */
export function platformOf(name: string): Pick<LockedPackage, 'os' | 'cpu' | 'libc'> | null {
  if (name === 'fsevents') return { os: ['darwin'] }
  const system = named(systems).exec(name)?.[1]
  const processor = named(processors).exec(name)?.[1]
  if (processor === 'wasm32') return { cpu: ['wasm32'] }
  if (!system || !processor) return null
  const os = system === 'windows' ? 'win32' : system.replace('musl', '')
  const cpu = processor === '64' ? 'x64' : processor.replace('ppc64le', 'ppc64')
  const libc = os === 'linux' && /(musl|gnu)/.exec(name)?.[1]?.replace('gnu', 'glibc')
  return { os: [os], cpu: [cpu], ...(libc && { libc: [libc] }) }
}

/** Where node finds `name` when the package at `from` asks for it, or null where the lock has none. */
function found(lock: Lock, from: string, name: string): string | null {
  for (let folder = from; ;) {
    const path = `${folder}${folder && '/'}node_modules/${name}`
    if (lock.packages[path]) return path
    if (!folder) return null
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))
  }
}

/** The optional packages that some package of the lock names and the lock does not hold. */
export function missingOptionals(lock: Lock): { from: string; name: string; version: string }[] {
  return Object.entries(lock.packages).flatMap(([from, { optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => found(lock, from, name) === null)
      .map(([name, version]) => ({ from, name, version })),
  )
}

/** @returns the lock with every optional package in it, sorted as npm sorts. */
export function completed(lock: Lock): Lock {
  const packages = { ...lock.packages }
  for (const { from, name, version } of missingOptionals(lock)) {
    const platform = platformOf(name)
    const exact = /\d+\.\d+\.\d+.*/.exec(version)?.[0]
    if (!platform || !exact) continue
    const siblings = from.slice(0, from.lastIndexOf('node_modules/'))
    const { os, cpu, libc } = platform
    packages[`${siblings}node_modules/${name}`] = {
      version: exact,
      ...(cpu && { cpu }),
      ...(lock.packages[from]?.dev && { dev: true }),
      ...(libc && { libc }),
      optional: true,
      ...(os && { os }),
    }
  }
  const sorted = Object.entries(packages).toSorted(([a], [b]) => a.localeCompare(b, 'en'))
  return { ...lock, packages: Object.fromEntries(sorted) }
}

if (import.meta.main) {
  const path = fileURLToPath(new URL('../../package-lock.json', import.meta.url))
  const lock = JSON.parse(readFileSync(path, 'utf8')) as Lock
  const before = Object.keys(lock.packages).length
  const after = completed(lock)
  writeFileSync(path, `${JSON.stringify(after, null, 2)}\n`)
  console.log(`Added ${Object.keys(after.packages).length - before} packages of other platforms.`)
  for (const { name, version } of missingOptionals(after))
    console.log(`Left out: ${name}@${version}`)
}
