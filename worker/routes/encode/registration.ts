/** How an application's registration looks to administrators, in the words of OpenID Connect. */
import type { Registration } from '../../store/registrations.ts'

export const shownRegistration = (one: Registration, clientId: string) => ({
  client_id: clientId,
  mode: one.mode,
  realm: one.realm,
  redirect_uris: one.redirectUris,
  post_logout_redirect_uris: one.logoutUris,
  jwks: { keys: one.keys },
  scopes: one.scopes,
  id_token_signed_response_alg: one.idTokenAlg,
  ciba: one.ciba,
  backchannel_client_notification_endpoint: one.notificationEndpoint,
  user_code_required: one.userCode,
  shows_code: one.showsCode,
  signs_with_secret: one.signsWithSecret,
  login_hint_claim: one.loginHintClaim,
  compares_name: one.comparesName,
  // NIST SP 800-63B-4 §3.1.3.1 wants the code carried by the person.
  conforming: one.showsCode,
})
