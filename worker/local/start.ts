/** The command behind `npm start`: builds the app, serves it, says where, and ends everything when told to. */
import { isAtHome } from './bindings.ts'
import { endWithParent, onEnd, orSayWhy } from './process.ts'
import type { Server } from './serve.ts'
import { readSettings } from './settings.ts'

await orSayWhy(async () => {
  const settings = readSettings(process.env)
  // A second or two: whoever mistyped a setting is told before.
  const { buildPwa } = await import('./build-pwa.ts')
  const { serve } = await import('./serve.ts')
  await buildPwa(console.log)
  const server = await serve({ ...settings, log: ({ message }) => console.log(message) })
  endWithParent()
  onEnd(() => server.stop())
  introduce(server, settings.host)
  void server.lost.then(() => {
    console.error('The lock on the state folder is gone. Stopping, so that nothing is corrupted.')
    process.exit(1)
  })
})

function introduce({ url, port, administrator, state }: Server, host: string): void {
  const lines = [`Countersign is at ${url}`]
  if (!isAtHome(host, url)) lines.push(`It listens on ${host}, port ${port}.`)
  lines.push(`Administrator: ${administrator.name}`)
  if (administrator.password) lines.push(`Password: ${administrator.password} (shown only now)`)
  lines.push(`Data and keys: ${state}`)
  if (!url.startsWith('https:') && !isAtHome('localhost', url))
    lines.push(
      'Without https, browsers offer neither keys nor push there: put TLS in front and set PUBLIC_URL.',
    )
  lines.push('Ctrl-C ends it.')
  console.log(lines.join('\n'))
}
