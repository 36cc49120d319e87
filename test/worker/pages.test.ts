/** What the pages go out with. What they do, the browsers' tests show. */
import { beforeAll, expect, it } from 'vitest'
import { type Deployment, deployment } from './deployment.ts'

let d: Deployment
beforeAll(async () => {
  d = await deployment()
})

const policyOf = async (path: string): Promise<string> => {
  const response = await d.fetch(path)
  expect([path, response.status]).toEqual([path, 200])
  return response.headers.get('Content-Security-Policy') ?? ''
}

it.each(['/', '/app', '/enrol', '/me', '/docs', '/sw.js'])(
  '%s runs only what is ours',
  async (path) => {
    const policy = await policyOf(path)
    expect(policy).toContain("default-src 'none'; script-src 'self'")
    expect(policy).toContain("require-trusted-types-for 'script'; trusted-types countersign")
    expect(policy).not.toMatch(/unsafe-(inline|hashes)|'unsafe-eval'|https?:/)
    const scans = path === '/app' || path === '/enrol'
    expect(policy.includes("'wasm-unsafe-eval'")).toBe(scans)
  },
)
