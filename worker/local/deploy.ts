/**
 * `npm run deploy -- [--env staging] [--host <name>] [--jurisdiction none|eu|fedramp] [--keys <folder>] [--dry-run]`
 * The keys are made once and kept outside the checkout; whoever loses that folder loses the deployment's identity.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { type Place, hostOf, isPreviewHost, jurisdictionOf, jurisdictions } from './place.ts'
import { orSayWhy } from './process.ts'
import { Refusal } from './settings.ts'

type Flags = {
  env?: string
  host?: string
  jurisdiction?: string
  keys?: string
  'dry-run'?: boolean
}

await orSayWhy(async () => {
  const flags = readFlags()
  // Seconds, most of them wrangler's: whoever mistyped a flag is told before.
  const { buildPwa } = await import('./build-pwa.ts')
  const { configOf } = await import('./deploy-config.ts')
  const { deploy, placeOf } = await import('./deploy-steps.ts')
  const { keepKeys } = await import('./keys.ts')
  const { administrator } = await import('./provision.ts')
  const { runWrangler } = await import('./wrangler.ts')

  const environment = flags.env ?? null
  const { name } = configOf(environment)
  const folder = resolve(flags.keys ?? join(homedir(), '.countersign', name))
  const place = await decidePlace(flags, await placeOf(folder))
  const dryRun = flags['dry-run'] === true
  const scratch = await mkdtemp(join(tmpdir(), 'countersign-deploy-'))
  try {
    await buildPwa(console.log)
    // A dry run leaves nothing behind, keys least of all.
    const keys = await keepKeys(dryRun ? join(scratch, 'keys') : folder)
    console.log(
      dryRun ? `Keys would be kept in ${folder}.` : `The keys are in ${folder}. Back them up.`,
    )
    const options = { environment, place, keys, keysFolder: folder, scratch, dryRun }
    const password = await deploy({ ...options, run: runWrangler, say: console.log })
    console.log(dryRun ? '\nNothing was changed.' : `\nCountersign is at https://${place.host}`)
    if (password)
      console.log(`Administrator: ${administrator}\nPassword: ${password} (shown only now)`)
  } finally {
    await rm(scratch, { recursive: true })
  }
})

function readFlags(): Flags {
  const flags = parsed()
  if (flags.host !== undefined) hostOf(flags.host)
  if (flags.jurisdiction !== undefined) jurisdictionOf(flags.jurisdiction)
  return flags
}

function parsed(): Flags {
  const text = { type: 'string' } as const
  try {
    const options = { env: text, host: text, jurisdiction: text, keys: text } as const
    return parseArgs({ options: { ...options, 'dry-run': { type: 'boolean' } } }).values
  } catch (error) {
    throw new Refusal(`${(error as Error).message.split('.')[0]}. See README, "Deploy".`)
  }
}

/** Asked once, then noted with the keys: a device that enrolled at one host knows no other. */
async function decidePlace(flags: Flags, noted: Place | null): Promise<Place> {
  const host = hostOf(
    flags.host ?? noted?.host ?? (await ask('Final host name, e.g. sign.example.org', '--host')),
  )
  const jurisdiction = jurisdictionOf(
    flags.jurisdiction ??
      noted?.jurisdiction ??
      (await ask(`Jurisdiction (${jurisdictions.join(', ')})`, '--jurisdiction')),
  )
  if (noted && (noted.host !== host || noted.jurisdiction !== jurisdiction))
    throw new Refusal(
      `This deployment is at ${noted.host} (jurisdiction ${noted.jurisdiction}); its devices know it by that name. For another one use another --keys folder.`,
    )
  if (isPreviewHost(host))
    console.log(
      `Warning: ${host} is a preview name. Devices that enrol there are lost when you move to a name of your own.`,
    )
  return { host, jurisdiction }
}

async function ask(question: string, flag: string): Promise<string> {
  if (!process.stdin.isTTY) throw new Refusal(`Nobody is here to ask: give ${flag}.`)
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await terminal.question(`${question}: `)
  terminal.close()
  return answer.trim().toLowerCase()
}
