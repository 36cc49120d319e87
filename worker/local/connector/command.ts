/**
 * `npx countersign connector [--config connector.json] [--enrol CODE]`: asks a directory for a deployment that cannot reach it. Runs
 * beside the directory until it is stopped or revoked.
 */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { orSayWhy } from '../process.ts'
import { Refusal } from '../settings.ts'
import { keepLine } from './dial.ts'
import { enrolConnector } from './enrol.ts'
import { readKey } from './key.ts'
import { readConnectorSettings } from './settings.ts'

const usage = 'Say: countersign connector [--config connector.json] [--enrol CODE]'

await orSayWhy(async () => {
  const { config, code } = readArguments()
  const settings = readConnectorSettings(config)
  if (code !== undefined)
    console.log(`Enrolled as a connector of the name "${await enrolConnector(settings, code)}".`)
  const key = await readKey(settings.key)
  const line = keepLine(settings, key, (said) => console.log(said))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, line.stop)
  if ((await line.ended) === 'revoked')
    throw new Refusal('The deployment does not know this connector, or has revoked it.')
})

function readArguments(): { config: string; code: string | undefined } {
  const text = { type: 'string' } as const
  let parsed
  try {
    parsed = parseArgs({ allowPositionals: true, options: { config: text, enrol: text } })
  } catch {
    throw new Refusal(usage)
  }
  const { positionals, values } = parsed
  if (positionals.length !== 1 || positionals[0] !== 'connector') throw new Refusal(usage)
  return { config: resolve(values.config ?? 'connector.json'), code: values.enrol }
}
