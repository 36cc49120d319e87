/** /healthz: whether it lives, and whether it can do its work. */
import { refuse } from '../problem.ts'
import { surface } from './surface.ts'

export const health = surface()

health.get('/livez', (call) => call.json({ status: 'OK' }))

health.get('/readyz', async (call) => {
  try {
    await call.env.DB.prepare('select 1 from customers limit 1').first()
  } catch {
    refuse({ reason: 'unavailable' })
  }
  return call.json({ status: 'ready' })
})
