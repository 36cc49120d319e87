/** Enrols the connector: a key is made, and its public half told for a code that is good once. */
import { hostname } from 'node:os'
import { connectorTyp } from '../../../schema/connector.ts'
import { sign } from '../../../schema/jws.ts'
import { Refusal } from '../settings.ts'
import { hasKey, keepKey, makeKey } from './key.ts'
import type { ConnectorSettings } from './settings.ts'

/** @returns what resolvers call it. @throws Refusal */
export async function enrolConnector(settings: ConnectorSettings, code: string): Promise<string> {
  const { server, key: path, label } = settings
  if (hasKey(path))
    throw new Refusal(`There is a key at ${path} already: this connector is enrolled.`)
  const { jwk, key, publicKey } = await makeKey()
  const claims = { aud: server, code: code.trim(), label: label || hostname() }
  const proof = await sign(connectorTyp.enrolment, claims, { key, jwk: publicKey })
  const response = await fetch(`${server}/connector/enrol`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ proof }),
  })
  const { result } = (await response.json()) as {
    result: { value?: { id: string; name: string }; error?: { message: string } }
  }
  if (!result.value)
    throw new Refusal(result.error?.message ?? `The server says ${response.status}`)
  keepKey(path, result.value.id, jwk)
  return result.value.name
}
