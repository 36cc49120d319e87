/** The lock holds for every platform, not only for the one that it was written on. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  type Lock,
  completed,
  missingOptionals,
  platformOf,
} from '../worker/local/complete-lock.ts'

const lock = JSON.parse(
  readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'),
) as Lock

describe('package-lock.json', () => {
  it('holds the optional packages of all platforms', () => {
    expect(missingOptionals(lock)).toEqual([])
    const names = Object.keys(lock.packages)
    for (const name of ['workerd-darwin-arm64', 'workerd-windows-64', 'workerd-linux-64'])
      expect(names).toContain(`node_modules/@cloudflare/${name}`)
  })

  it('is as `npm run lock` leaves it', () => {
    expect(JSON.stringify(completed(lock))).toBe(JSON.stringify(lock))
  })

  it('names no address to download from', () => {
    const addresses = Object.values(lock.packages).filter(({ resolved }) => resolved !== undefined)
    expect(addresses).toEqual([])
  })
})

describe('completing a lock', () => {
  it('adds what is missing beside the package that asks for it, for its platform only', () => {
    const optionalDependencies = { '@tool/linux-x64-musl': '1.2.3', '@tool/win32-arm64': '~1.2.3' }
    const partial: Lock = {
      packages: { 'node_modules/a/node_modules/tool': { dev: true, optionalDependencies } },
    }
    expect(missingOptionals(partial)).toHaveLength(2)
    const { packages } = completed(partial)
    const rest = { version: '1.2.3', dev: true, optional: true }
    expect(packages['node_modules/a/node_modules/@tool/linux-x64-musl']).toEqual({
      ...rest,
      os: ['linux'],
      cpu: ['x64'],
      libc: ['musl'],
    })
    const windows = packages['node_modules/a/node_modules/@tool/win32-arm64']
    expect(windows).toEqual({ ...rest, os: ['win32'], cpu: ['arm64'] })
  })

  it.each([
    ['@cloudflare/workerd-windows-64', { os: ['win32'], cpu: ['x64'] }],
    ['@esbuild/openharmony-arm64', { os: ['openharmony'], cpu: ['arm64'] }],
    ['@rollup/rollup-linux-arm-musleabihf', { os: ['linux'], cpu: ['arm'], libc: ['musl'] }],
    ['@rolldown/binding-wasm32-wasi', { cpu: ['wasm32'] }],
    ['fsevents', { os: ['darwin'] }],
    ['an-optional-helper', null],
  ])('reads the platform of %s', (name, platform) => {
    expect(platformOf(name)).toEqual(platform)
  })
})
