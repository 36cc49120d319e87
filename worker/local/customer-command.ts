/**
 * `npm run customer -- add <id> <name> [--database N]`: a customer of the deployment on this machine, which must not be running.
 * With `--keys <folder>` [--env <name>] of the one that was deployed from that folder. The password is shown once.
 */
import { readArguments } from './customer-arguments.ts'
import { orSayWhy } from './process.ts'
import { Refusal, readSettings } from './settings.ts'

await orSayWhy(async () => {
  const { customer, flags } = readArguments()
  const isHere = flags.keys === undefined && flags.env === undefined
  const settings = readSettings(process.env)
  if (isHere && customer.database >= settings.databases)
    throw new Refusal(
      `There is no database ${customer.database}: set COUNTERSIGN_DATABASES=${customer.database + 1} or more, here and at each start.`,
    )
  // Seconds: whoever mistyped something is told before.
  const { addDeployed, addHere } = await import('./customer-places.ts')
  const { administrator, randomPassword } = await import('./provision.ts')
  const password = randomPassword()
  await (isHere ? addHere(customer, password, settings) : addDeployed(customer, password, flags))
  console.log(`Customer "${customer.id}" is in database ${customer.database}.`)
  console.log(`Administrator: ${administrator}\nPassword: ${password} (shown only now)`)
  console.log(`To sign in: POST /auth with the header Countersign-Customer: ${customer.id}`)
})
