/** The contract is the router's own list of routes, and the document made from it is valid OpenAPI 3.1 and up to date. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { beforeAll, describe, expect, it } from 'vitest'
import { callers, contract } from '../schema/contract.ts'
import { createApp } from '../worker/app.ts'
import { surface } from '../worker/routes/surface.ts'
import { openapiDocument } from '../worker/local/openapi.ts'
import { actNamed, acts } from '../worker/policy/acts.ts'
import { everyRight } from '../worker/policy/rights.ts'

const read = (path: string): string => readFileSync(join(import.meta.dirname, path), 'utf8')
const { version } = JSON.parse(read('../package.json')) as { version: string }
const written = read('../schema/openapi.json')
const document = JSON.parse(written) as ReturnType<typeof openapiDocument>

type Operation = {
  operationId: string
  tags: string[]
  summary: string
  parameters: { name: string; in: string; description: string; required: boolean }[]
  responses: Record<string, unknown>
}
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, one]) => ({ path, method, ...(one as Operation) })),
)

/** A pattern in a path is the router's own affair, and what may be left out is two paths. */
function pathsOf(path: string): string[] {
  const plain = path.replaceAll(/\{.*?\}(?=\/|$)/g, '')
  return plain.endsWith('?')
    ? [plain.slice(0, plain.lastIndexOf('/')), plain.slice(0, -1)]
    : [plain]
}

/** Routes that a browser fetches files by, and what goes before every route, are no calls. */
const isCall = ({ method, path }: { method: string; path: string }) =>
  method !== 'ALL' && path !== '/*'

function routesOf(routes: { method: string; path: string }[]): string[] {
  const all = routes
    .filter(isCall)
    .flatMap(({ method, path }) => pathsOf(path).map((one) => `${method} ${one}`))
  return [...new Set(all)].toSorted()
}

describe('the contract', () => {
  const app = createApp({ nowMs: () => 0, random: (bytes) => new Uint8Array(bytes) })
  const contracted = contract.map(({ method, path }) => `${method} ${path}`).toSorted()

  it('has as many calls as the README says', () => {
    expect(read('../README.md')).toContain(`All ${contract.length} calls`)
  })

  it('has every route that the worker answers', async () => {
    const routed = routesOf(await app.routes())
    expect(routed.length).toBeGreaterThan(80)
    expect(routed.filter((route) => !contracted.includes(route))).toEqual([])
  })

  it('has no route that the worker does not answer', async () => {
    const routed = routesOf(await app.routes())
    expect(contracted.filter((route) => !routed.includes(route))).toEqual([])
  })

  it('has each route once', () => {
    expect(contracted.filter((route, index) => contracted.indexOf(route) !== index)).toEqual([])
  })

  it('asks only for rights that there are', () => {
    const others = [
      'anyone',
      'known',
      'session',
      'person',
      'account',
      'login',
      'device',
      'phone',
      'proof',
      'client',
      'bearer',
    ]
    const asked = Object.keys(callers).filter((caller) => !others.includes(caller))
    expect(asked.length).toBeGreaterThan(5)
    expect(asked.filter((right) => !everyRight.some((known) => known === right))).toEqual([])
  })

  it('has an act for every route that asks for a right or is for people alone, and no other', () => {
    const rights = contract.filter(({ who }) =>
      [...everyRight, 'person'].some((right) => right === who),
    )
    const asked = rights.map(({ method, path }) => `${method} ${path}`)
    const without = rights.filter(({ method, path }) => !actNamed(method, path))
    expect(without.map(({ method, path }) => `${method} ${path}`)).toEqual([])
    expect([...acts.keys()].filter((name) => !asked.includes(name))).toEqual([])
  })

  it('notices a route that nobody wrote down', async () => {
    const more = surface().get('/unheard/:of?', (call) => call.text(''))
    const routed = routesOf([...(await app.routes()), ...more.routes])
    expect(routed.filter((route) => !contracted.includes(route))).toEqual(
      expect.arrayContaining(['GET /unheard', 'GET /unheard/:of']),
    )
  })
})

describe('schema/openapi.json', () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  // Node gives the function that a CommonJS module exports; its types speak of the whole module.
  const withFormats = formats as unknown as (ajv: Ajv2020) => unknown
  beforeAll(() => {
    withFormats(ajv)
    ajv.addFormat('media-range', /^[\w*.+-]+\/[\w*.+-]+/)
  })

  it('is as `npm run openapi` writes it', () => {
    expect(written).toBe(`${JSON.stringify(openapiDocument(version), null, 2)}\n`)
  })

  it('is valid by the schema of OpenAPI 3.1', () => {
    const valid = ajv.compile(JSON.parse(read('./vectors/openapi-3.1.json')) as object)
    expect(valid(document), JSON.stringify(valid.errors)).toBe(true)
    expect(valid({ ...document, info: { title: 'No version' } })).toBe(false)
    const [path = ''] = Object.keys(document.paths)
    const broken = {
      ...document,
      paths: { [path]: { get: { parameters: [{ name: 'no place' }] } } },
    }
    expect(valid(broken)).toBe(false)
  })

  it('has schemas that are JSON Schema 2020-12', () => {
    const found = schemasIn(document)
    expect(found.length).toBeGreaterThan(300)
    const wrong = found.filter((schema) => ajv.validateSchema(schema as object) !== true)
    expect(wrong).toEqual([])
    expect(ajv.validateSchema({ type: 'text' })).toBe(false)
  })

  it('refers only to what it has, and has only what it refers to', () => {
    const references = new Set(written.match(/(?<="\$ref": ")[^"]+/g))
    const lost = [...references].filter((reference) => at(document, reference) === undefined)
    expect(lost).toEqual([])
    const kept = Object.entries(document.components).flatMap(([kind, all]) =>
      kind === 'securitySchemes'
        ? []
        : Object.keys(all).map((name) => `#/components/${kind}/${name}`),
    )
    const unused = kept.filter((name) => !references.has(name))
    // What a WebSocket carries is no answer of HTTP, so nothing can refer to it.
    expect(unused).toEqual(['#/components/schemas/SocketMessage'])
  })

  it('names each operation once, says what it does, and where it stands', () => {
    const ids = operations.map(({ operationId }) => operationId)
    expect(ids.length).toBe(contract.length)
    expect(new Set(ids).size).toBe(ids.length)
    const tags = document.tags.map(({ name }) => name)
    for (const { summary, tags: of, path, responses } of operations) {
      expect(summary, path).toMatch(/^[A-Z].{5,}[^.]$/)
      expect(tags, path).toEqual(expect.arrayContaining(of))
      const good = Object.keys(responses).filter((status) => /^[12]/.test(status))
      expect(good.length, path).toBe(1)
    }
  })

  it('explains every part of a path, and every field', () => {
    for (const { path, parameters } of operations) {
      const parts = parameters.filter((one) => one.in === 'path')
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
      expect(parts.map(({ name }) => name).toSorted(), path).toEqual(inPath.toSorted())
      expect(
        parts.every(({ required }) => required),
        path,
      ).toBe(true)
      for (const { name, description } of parameters)
        expect(description, `${path} ${name}`).toMatch(/\S/)
    }
  })

  it('gives examples that its own schemas allow', () => {
    const examples = schemasIn(document).flatMap((schema) =>
      ((schema as { examples?: unknown[] }).examples ?? []).map((example) => ({ schema, example })),
    )
    expect(examples.length).toBeGreaterThan(30)
    const refused = examples.filter(
      ({ schema, example }) => !ajv.validate(schema as object, example),
    )
    expect(refused).toEqual([])
  })
})

const at = (from: unknown, reference: string): unknown =>
  reference
    .slice(2)
    .split('/')
    .reduce<unknown>((node, name) => (node as Record<string, unknown> | undefined)?.[name], from)

/** Every schema of the document and every schema inside one. */
function schemasIn(node: unknown): unknown[] {
  if (typeof node !== 'object' || node === null) return []
  return Object.entries(node).flatMap(([name, inside]) => {
    const own =
      name === 'schema' || name === 'items'
        ? [inside as unknown]
        : name === 'schemas' || name === 'properties'
          ? Object.values(inside as object)
          : []
    return [...own, ...schemasIn(inside)]
  })
}
