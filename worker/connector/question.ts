/** What the hub of connectors is told: who dials, and what is to be asked. */
import type { PublicJwk } from '../../schema/jws.ts'
import type { Asked } from '../directory/asked.ts'
import type { Job } from '../directory/job.ts'

/** Told by the Worker, which has looked the connector up. */
export const connectorHeader = 'X-Countersign-Connector'

export type Dialling = { id: string; database: number; publicKey: PublicJwk; origin: string }
export type Question = { resolver: string; directory: Asked; job: Job }
