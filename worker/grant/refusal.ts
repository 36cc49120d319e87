/** Refuses in OAuth's words. */
import { type OAuthError, refuse } from '../problem.ts'

/** @param why for whoever builds the application; goes out as `error_description`. */
export const oauthRefusal = (error: OAuthError, why: string): never =>
  refuse({ reason: 'oauth', error, why })
