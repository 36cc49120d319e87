/** /token: tokens from their enrolment to their end. */
import { actions } from './token/actions.ts'
import { challenges } from './token/challenges.ts'
import { info } from './token/info.ts'
import { init } from './token/init.ts'
import { list } from './token/list.ts'
import { load } from './token/load.ts'
import { owners } from './token/owners.ts'
import { surface } from './surface.ts'

export const token = surface()

for (const part of [init, load, list, challenges, info, owners, actions]) token.route('/', part)
