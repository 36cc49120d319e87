/** Ours and the floor beside it, over the same store, measured in turns: A B A B …, so that a noisy machine troubles both alike. */
import { fromBase64url } from '../../schema/encoding.ts'
import { type Ours, startFloor, startOurs } from './servers.ts'
import { type Side, floorOf, oursOf } from './sides.ts'
import { type Owner, type Size, type Store, floorPort, openStore, port, usual } from './store.ts'

export type Both = {
  store: Store
  ours: Side
  floor: Side
  sides: Side[]
  /** So many owners that nobody has asked anything yet. */
  fresh(count: number): Promise<Owner[]>
  stop(): Promise<void>
}

const adminPassword = 'correct horse battery staple'

/** Ours by itself. */
export type Alone = {
  store: Store
  ours: Side
  server: Ours
  fresh: Both['fresh']
  stop(): Promise<void>
}

/** @param at the port, which is a second server's by default where `name` is another store's. */
export async function startAlone(
  size: Size = usual,
  { at = port, name = 'run' } = {},
): Promise<Alone> {
  const store = await openStore(size, console.log, name)
  const server = await startOurs({
    port: at,
    state: store.state,
    adminPassword,
    log: ({ message }) => console.log(message),
  })
  // What nobody answers would else end two minutes later, while something else is measured.
  await (
    await server.d1()
  )
    .prepare(
      "insert or replace into settings (customer, name, value) values ('default', ?, '3600')",
    )
    .bind('PushChallengeValidityTime')
    .run()
  // The minute's work makes RSA keys, a tenth of a second of CPU each: done before anything is measured.
  for (let tick = 0; tick < 12; tick++) await server.server.tick()
  const master = await crypto.subtle.importKey(
    'raw',
    fromBase64url(server.server.keys.masterKey)!,
    'HKDF',
    false,
    ['deriveBits', 'deriveKey'],
  )
  let used = 0
  return {
    store,
    server,
    ours: oursOf(server, store, master),
    async fresh(count) {
      // Spread over the whole store: neighbours in a table share its pages.
      const stride = 7919
      const indices = Array.from(
        { length: count },
        (_, one) => ((used + one) * stride) % store.people,
      )
      used += count
      if (used > store.people) throw new Error('the store has no more people')
      return Promise.all(indices.map(store.owner))
    },
    stop: server.stop,
  }
}

export async function startBoth(size: Size = usual): Promise<Both> {
  const { store, ours, fresh, stop } = await startAlone(size)
  const floorServer = await startFloor(floorPort, store.floor)
  const floor = await floorOf(floorServer)
  return {
    store,
    ours,
    floor,
    sides: [ours, floor],
    fresh,
    async stop() {
      await stop()
      await floorServer.stop()
    },
  }
}
