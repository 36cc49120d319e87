/** Whether a login minds how many others there are: the same steps over a small store and over one a thousand times its size, in turns. */
import { type Alone, startAlone } from '../both.ts'
import { load, median } from '../load.ts'
import { type Findings, type Row, part } from '../report.ts'
import { type Step, steps } from '../sides.ts'
import { floorPort, keepStore } from '../store.ts'

const small = { people: 1000, policies: 50, audit: 10_000 }
/** With every fifth person's second token a million. */
const large = { people: 833_334, policies: 50, audit: 1_000_000 }
const rounds = 5
const warmOwners = 40
const requests = 320
const coldPerRound = 100
const connections = 8
const most = 1.2

export async function growth(): Promise<Findings> {
  for (const size of [small, large]) await keepStore(size, console.log)
  const one = await startAlone(small, { name: 'small' })
  const other = await startAlone(large, { name: 'large', at: floorPort })
  try {
    const rows: Row[] = []
    for (const step of steps)
      rows.push(await part(`growth-${step}`, () => compare(step, 'warm', one, other)))
    rows.push(await part('growth-cold', () => compare('trigger', 'cold', one, other)))
    return {
      figures: rows.map(({ step, owners, ratio }) => ({
        name: `1,000 → 1,000,000 tokens: ${step}, ${owners}`,
        mustReach: `p50 at most ${most} times`,
        measured: `${Number(ratio).toFixed(2)} times`,
        reached: Number(ratio) <= most,
      })),
      rows,
    }
  } finally {
    await one.stop()
    await other.stop()
  }
}

async function compare(
  step: Step,
  owners: 'warm' | 'cold',
  one: Alone,
  other: Alone,
): Promise<Row> {
  const p50s: [number[], number[]] = [[], []]
  const known = await Promise.all([one, other].map(({ fresh }) => fresh(warmOwners)))
  // The first round wakes everybody and is not counted.
  for (let round = 0; round <= rounds; round++)
    for (const [at, { ours, server, fresh }] of [one, other].entries()) {
      const asked =
        owners === 'cold'
          ? await fresh(coldPerRound)
          : Array.from({ length: requests }, (_, index) => known[at]![index % warmOwners]!)
      const { latenciesMs } = await load(server, await ours.prepare(step, asked), {
        connections,
        expected: ours.expected[step],
      })
      if (round > 0) p50s[at === 0 ? 0 : 1].push(median(latenciesMs))
    }
  const ratio = median(p50s[1].map((p50, at) => p50 / p50s[0][at]!))
  console.log(`${step} ${owners}: ${ratio.toFixed(2)} times`)
  return {
    step,
    owners,
    'p50 ms, 1,000': median(p50s[0]),
    'p50 ms, 1,000,000': median(p50s[1]),
    ratio,
  }
}
