/**
 * Starts two real servers for all files. plain: `hardening` deleted, so that it answers as privacyIDEA does. hardened: as it
 * comes, under a public address and behind a proxy, so that only known applications are heard.
 */
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { bundle } from '../../worker/local/bundle.ts'
import { application } from '../support/application.ts'
import { type Deployment, startDeployment } from '../support/deployment.ts'

export type CompatServer = {
  /** Where it listens. */
  at: string
  /** PUBLIC_URL: the name that phones and links know. */
  publicUrl: string
  /** The administrator's session. */
  token: string
}

declare module 'vitest' {
  interface ProvidedContext {
    plain: CompatServer
    hardened: CompatServer
  }
}

export const adminPassword = 'correct horse battery staple'

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const script = await bundle(fileURLToPath(new URL('cheap-worker.ts', import.meta.url)))
  const plain = await startDeployment({ script })
  const hardened = await startDeployment({
    script,
    publicUrl: 'https://sign.example.org',
    trustedProxies: '127.0.0.1',
  })
  const told = await Promise.all([plain, hardened].map(tellOf))
  await application({ url: told[0]!.at, token: told[0]!.token }).call('DELETE', '/policy/hardening')
  project.provide('plain', told[0]!)
  project.provide('hardened', told[1]!)
  return async () => {
    await Promise.all([plain.remove(), hardened.remove()])
  }
}

async function tellOf(deployment: Deployment): Promise<CompatServer> {
  const at = deployment.server().listensAt
  const { envelope } = await application({ url: at }).auth('admin', adminPassword)
  const { token } = envelope.result.value as { token: string }
  return { at, publicUrl: deployment.url, token }
}
