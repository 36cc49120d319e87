/** /healthz: whether it lives, and whether it can do its work. */
import { refuse } from '../problem.ts'
import { surface } from './surface.ts'

export const health = surface()

health.get('/livez', (call) => call.json({ status: 'OK' }))

/** Ready is: the tables are there and hold a customer. Before its first rows a deployment can do nothing for anyone. */
health.get('/readyz', async (call) => {
  const customer = await call.env.DB.prepare('select 1 from customers limit 1')
    .first()
    .catch(() => null)
  if (!customer) refuse({ reason: 'unavailable' })
  return call.json({ status: 'ready' })
})
