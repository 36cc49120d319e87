/** Which settings a challenge is made under, and which of those its transaction keeps. */
import type { Settings } from '../../policy/settings.ts'

/** What is asked of a transaction after it was made: whether it rings again, what a missed one comes to, how it is answered. */
export type KeptSettings = Pick<
  Settings,
  | 'openPrompts'
  | 'missedPrompts'
  | 'firstQuietSeconds'
  | 'longestQuietSeconds'
  | 'quietForgottenSeconds'
  | 'promptsPerHourByApplication'
  | 'promptsPerHourByClient'
  | 'resends'
  | 'userVerification'
  | 'resetAll'
>

/** All that the object is told when it makes one. */
export type AskedSettings = KeptSettings &
  Pick<
    Settings,
    'answerSeconds' | 'otpChallengeSeconds' | 'redeemSeconds' | 'matchCode' | 'countChallenges'
  >

/** Written out, because each login sends them and keeps them. */
export const keptOf = (settings: KeptSettings): KeptSettings => ({
  openPrompts: settings.openPrompts,
  missedPrompts: settings.missedPrompts,
  firstQuietSeconds: settings.firstQuietSeconds,
  longestQuietSeconds: settings.longestQuietSeconds,
  quietForgottenSeconds: settings.quietForgottenSeconds,
  promptsPerHourByApplication: settings.promptsPerHourByApplication,
  promptsPerHourByClient: settings.promptsPerHourByClient,
  resends: settings.resends,
  userVerification: settings.userVerification,
  resetAll: settings.resetAll,
})

export const askedOf = (settings: AskedSettings): AskedSettings => ({
  ...keptOf(settings),
  answerSeconds: settings.answerSeconds,
  otpChallengeSeconds: settings.otpChallengeSeconds,
  redeemSeconds: settings.redeemSeconds,
  matchCode: settings.matchCode,
  countChallenges: settings.countChallenges,
})
