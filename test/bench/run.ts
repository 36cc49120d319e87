/**
 * `npm run bench [name …]`: measures what issue and README promise, and says which figure is reached. Without a name everything, one
 * after the other. It ends with 1 where a figure is missed.
 */
import { type Figure, type Findings, keep, table, verdict } from './report.ts'

/** By name, in the order in which they run. Each starts what it needs and ends it. */
const benches: Record<string, () => Promise<Findings>> = {
  steps: async () => (await import('./figures/steps.ts')).steps(),
  login: async () => (await import('./figures/login.ts')).login(),
  listen: async () => (await import('./figures/listen.ts')).listen(),
  waiting: async () => (await import('./figures/waiting.ts')).waiting(),
  growth: async () => (await import('./figures/growth.ts')).growth(),
  scale: async () => (await import('./scale/index.ts')).scale(),
  push: async () => (await import('./figures/push.ts')).push(),
  approve: async () => (await import('./figures/approve.ts')).approve(),
  bundle: async () => (await import('./figures/bundle.ts')).bundle(),
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !benches[name])
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}.`)
  process.exit(2)
}

const figures: Figure[] = []
for (const [name, bench] of Object.entries(benches)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  console.log(`\n── ${name}`)
  const found = await bench()
  keep(name, found)
  if (found.rows.length > 0) console.log(table(found.rows))
  for (const figure of found.figures) console.log(verdict(figure))
  figures.push(...found.figures)
}
const missed = figures.filter(({ reached }) => !reached)
console.log(`\n${figures.length - missed.length} of ${figures.length} figures reached.`)
process.exit(missed.length > 0 ? 1 : 0)
