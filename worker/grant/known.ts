/** A registered application by its Client ID. */
import type { Context } from '../env.ts'
import { type Application, findApplication } from '../store/accounts.ts'
import { databaseOfKey, inDatabase } from '../store/databases.ts'
import { type Registration, findRegistration } from '../store/registrations.ts'

export type Known = {
  /** About its customer's database. */
  context: Context
  clientId: string
  application: Application
  registration: Registration
}
/** The id of an application, and before it the database of its customer, as far as that is not the first. */
export const applicationIn = (clientId: string): string => clientId.replace(/^\d+\./, '')

/** @returns null where no application is called so, or it is not registered. */
export async function findKnown(here: Context, clientId: string): Promise<Known | null> {
  const context = inDatabase(here, databaseOfKey(clientId))
  if (!context || clientId === '' || clientId.length > 80) return null
  const id = applicationIn(clientId)
  const registration = await findRegistration(context, id)
  const application = registration && (await findApplication(context, id))
  return application ? { context, clientId, application, registration } : null
}
