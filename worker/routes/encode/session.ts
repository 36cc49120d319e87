/** A session as privacyIDEA's web pages and plugins read it. What its own pages would be told of looks has its quiet value here. */

export type ShownSession = {
  token: string
  role: 'admin' | 'user'
  username: string
  realm: string
  rights: string[]
  menus: string[]
  advice?: string
}

export const sessionValue = (session: ShownSession): Record<string, unknown> => ({
  auth: true,
  ...session,
  log_level: 20,
  logout_time: 120,
  audit_page_size: 15,
  token_page_size: 15,
  user_page_size: 15,
  policy_template_url: '',
  default_tokentype: 'push',
  default_container_type: 'generic',
  user_details: false,
  token_wizard: false,
  token_wizard_2nd: false,
  admin_dashboard: false,
  dialog_no_token: false,
  search_on_enter: false,
  timeout_action: 'logout',
  token_rollover: {},
  hide_welcome: true,
  hide_buttons: false,
  deletion_confirmation: false,
  show_seed: false,
  show_node: '',
  subscription_status: 0,
  subscription_status_push: 0,
  qr_image_android: null,
  qr_image_ios: null,
  qr_image_custom: null,
  logout_redirect_url: '',
  require_description: [],
  rss_age: 0,
  container_wizard: { enabled: false },
})
