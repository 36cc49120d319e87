/** Texts of policies with tags in braces, as privacyIDEA has them. A tag that nothing is known of is left as it stands. */

export type Tags = Partial<
  Record<
    | 'user'
    | 'username'
    | 'givenname'
    | 'surname'
    | 'realm'
    | 'userrealm'
    | 'client_ip'
    | 'ua_string'
    | 'ua_browser'
    | 'challenge'
    | 'tokentype'
    | 'serial'
    | 'date'
    | 'time'
    | 'presence_answer',
    string
  >
>

export const filled = (text: string, tags: Tags): string =>
  text.replace(/\{(\w+)\}/g, (tag, name: string) =>
    Object.hasOwn(tags, name) ? (tags[name as keyof Tags] ?? tag) : tag,
  )

/** In UTC, so that it is the same wherever it is read. */
export function timeTags(nowMs: number): Tags {
  const [date = '', time = ''] = new Date(nowMs).toISOString().split('T')
  return { date, time: time.slice(0, 8) }
}
