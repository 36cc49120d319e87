/**
 * `npm run keys -- rotate`: a new signing key, certified by the one before. Takes effect at the next start; a deployment
 * (`--keys <folder>`) at the next `npm run deploy`. Devices follow by the chain, nobody enrols anew.
 */
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { rotateSigningKey } from './keys.ts'
import { orSayWhy } from './process.ts'
import { Refusal, readSettings } from './settings.ts'

await orSayWhy(async () => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { keys: { type: 'string' } },
  })
  if (positionals.join(' ') !== 'rotate')
    throw new Refusal('Say what to do: npm run keys -- rotate [--keys <folder>]')
  const folder = values.keys ? resolve(values.keys) : join(readSettings(process.env).state, 'keys')
  const name = await rotateSigningKey(folder, Math.floor(Date.now() / 1000))
  console.log(`New signing key ${name} in ${folder}.`)
  console.log(values.keys ? 'Deploy to put it into force.' : 'Restart to put it into force.')
})
