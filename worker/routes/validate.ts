/** /validate: what login pages, gateways and plugins call. privacyIDEA's shapes; `wait`, events, resend and cancel are ours. */
import { surface } from './surface.ts'
import { check } from './validate/check.ts'
import { offers } from './validate/offered.ts'
import { poll } from './validate/poll.ts'
import { steer } from './validate/steer.ts'
import { trigger } from './validate/trigger.ts'

export const validate = surface()

for (const part of [trigger, check, poll, steer, offers]) validate.route('/', part)
