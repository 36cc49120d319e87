/** What an account or key may do. One word a right; an account with `admin` role has them all. */
export const rights = {
  trigger: 'ring people and see how their challenges go',
  check: 'try PINs and redeem approvals',
  enrol: 'begin enrolments and see tokens',
  tokens: 'change, move and delete tokens',
  add_people: 'make people, and nothing else with them',
  people: 'find, make, change and delete people, and see realms',
  settings: 'read and change settings, realms and resolvers',
  applications: 'make applications, their keys and service accounts',
  delivery: 'see how pushes went',
  audit: 'read the audit trail',
  origin_browser:
    "its requests come from the person's own browser: their address and browser may be shown",
  origin_claimed: 'may say from where a login comes (client)',
} as const

export type Right = keyof typeof rights
export const everyRight = Object.keys(rights) as Right[]

/** Those of an administrator: all that can be done, none that says what a request is. */
export const administratorRights: Right[] = everyRight.filter(
  (right) => !right.startsWith('origin_'),
)

export const isRight = (name: string): name is Right => Object.hasOwn(rights, name)
