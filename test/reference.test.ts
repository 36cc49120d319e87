/** What the page of the API reference makes of the document: each call once, each with a command that a shell understands. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { curlOf } from '../pwa/docs/curl.ts'
import { type Call, Reader, type Reference } from '../pwa/docs/reference.ts'
import { contract } from '../schema/contract.ts'

const text = readFileSync(new URL('../schema/openapi.json', import.meta.url), 'utf8')
const reader = new Reader(JSON.parse(text) as Reference)
const calls = reader.calls()
const origin = 'https://sign.example.org'

/** @returns what curl would be given, by a real shell. */
function understood(commands: string[]): string[][] {
  const script = `curl() { printf '%s\\0' "$@"; printf '\\0'; }\n${commands.join('\n')}`
  const said = execFileSync('/bin/sh', ['-eu'], { input: script, encoding: 'utf8' })
  return said
    .split('\0\0')
    .slice(0, -1)
    .map((one) => one.split('\0'))
}
const argumentsOf = (call: Call): string[] => understood([curlOf(call, reader, origin)])[0] ?? []

describe('the API reference', () => {
  it('has every call of the contract, in a group that it names', () => {
    const wanted = contract.map(
      ({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`,
    )
    expect(calls.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(
      wanted.toSorted(),
    )
    const groups = reader.reference.tags.map(({ name }) => name)
    expect(calls.filter(({ surface }) => !groups.includes(surface))).toEqual([])
    expect(calls.every(({ does, who }) => does !== '' && who !== '')).toBe(true)
  })

  it('follows what the document only refers to', () => {
    const check = calls.find(({ id }) => id === 'postValidateCheck')
    expect(check?.fields.map(({ name }) => name)).toEqual(expect.arrayContaining(['user', 'pass']))
    expect(check?.refusals.find(({ status }) => status === '429')?.meaning).toMatch(/Retry-After/)
    const finish = calls.find(({ id }) => id === 'postDeviceEnrolmentFinish')
    expect(finish?.body && reader.follow(finish.body).properties).toHaveProperty('proof')
  })
})

describe('its examples', () => {
  it('are each one command, to the address of the call, with all that the call insists on', () => {
    const commands = understood(calls.map((call) => curlOf(call, reader, origin)))
    expect(commands.length).toBe(calls.length)
    for (const [index, call] of calls.entries()) {
      const given = commands[index] ?? []
      const address = given.find((one) => one.startsWith(origin)) ?? ''
      const { pathname, searchParams } = new URL(address)
      const pattern = call.path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')
      expect(pathname, call.id).toMatch(new RegExp(`^${pattern}$`))
      const required = call.fields.filter((field) => field.required)
      for (const { name, in: place } of required) {
        const found = {
          path: !address.includes(`{${name}}`),
          query: searchParams.has(name),
          header: given.some((one) => one.startsWith(`${name}: `)),
          form: given.some((one) => one.startsWith(`${name}=`)),
        }
        expect(found[place], `${call.id} ${name}`).toBe(true)
      }
    }
  })

  it('are sent by the method of the call', () => {
    for (const call of calls) {
      const given = argumentsOf(call)
      const sends = given.includes('--json') || given.includes('--data-urlencode')
      const named = given.indexOf('-X')
      const method = named < 0 ? (sends ? 'POST' : 'GET') : given[named + 1]
      expect(method, call.id).toBe(call.method)
    }
  })

  it('show how a caller proves who they are', () => {
    const headers = (id: string) => argumentsOf(calls.find((call) => call.id === id)!)
    expect(headers('getToken')).toContain('Authorization: <session>')
    expect(headers('postValidateTriggerchallenge')).toContain('X-API-Key: <id>_<secret>')
    expect(headers('patchDevice')).toContain('Authorization: Countersign <request JWS>')
    expect(headers('getValidatePolltransaction').join()).not.toMatch(/Authorization|X-API-Key/)
  })

  it('stay one command, whatever an example holds', () => {
    const call = calls.find(({ id }) => id === 'postUser')!
    const example = `O'Neill"; rm -rf $HOME \`x\` \\ &`
    const fields = call.fields.map((field) =>
      field.name === 'user' ? { ...field, example } : field,
    )
    expect(argumentsOf({ ...call, fields })).toContain(`user=${example}`)
  })
})
