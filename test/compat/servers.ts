/**
 * Starts two real servers for all files. plain: `hardening` deleted, so that it answers as privacyIDEA does. hardened: as it
 * comes, under a public address and behind a proxy, so that only known applications are heard.
 */
import type { TestProject } from 'vitest/node'
import { type Deployment, startDeployment } from '../support/deployment.ts'

export type CompatServer = {
  /** Where it listens. */
  at: string
  /** PUBLIC_URL: the name that phones and links know. */
  publicUrl: string
  adminPassword: string
}

declare module 'vitest' {
  interface ProvidedContext {
    plain: CompatServer
    hardened: CompatServer
  }
}

export const adminPassword = 'correct horse battery staple'

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const plain = await startDeployment()
  const hardened = await startDeployment({
    publicUrl: 'https://sign.example.org',
    trustedProxies: '127.0.0.1',
  })
  const administrator = await plain.administrator()
  await administrator.call('DELETE', '/policy/hardening')
  project.provide('plain', told(plain))
  project.provide('hardened', told(hardened))
  return async () => {
    await Promise.all([plain.remove(), hardened.remove()])
  }
}

const told = (deployment: Deployment): CompatServer => ({
  at: deployment.server().listensAt,
  publicUrl: deployment.url,
  adminPassword,
})
