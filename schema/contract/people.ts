/** /user, /realm, /defaultrealm and /resolver. */
import * as v from 'valibot'
import {
  type Fields,
  type Route,
  boolean,
  envelope,
  need,
  number,
  oneOf,
  paged,
  paging,
  string,
  text,
} from './words.ts'

const user = need(text('The name, without a realm.', 'anna'))
const resolver = text('The resolver; the first one of the realm where it is left out.', 'people')
const realm = text('The realm; the default realm where it is left out.', 'example')
const profile: Fields = {
  givenname: text('At most 255 characters, as all of these.', 'Anna'),
  surname: text('The family name.', 'Gruber'),
  email: text('An address for mail.', 'anna@example.org'),
  phone: text('A number.'),
  mobile: text('A number.'),
  description: text('A note.'),
  password: text('Their password; kept as a hash.'),
}
const person = v.looseObject({
  username: v.string(),
  userid: string('Stays the same when the name changes; of a directory, what UIDTYPE names.'),
  resolver: v.string(),
  editable: v.boolean(),
  givenname: v.string(),
  surname: v.string(),
  email: v.string(),
  phone: v.string(),
  mobile: v.string(),
  description: v.string(),
})

const attributeOf: Fields = {
  user: need(text('The name.', 'anna')),
  realm,
  resolver: text('The resolver, where no realm is meant.'),
}

export const people: Route[] = [
  {
    method: 'GET',
    path: '/user',
    surface: 'people',
    who: 'people',
    does: 'Finds people',
    more: 'Every field is a pattern in which * stands for anything. Pages where they are asked for, else up to 10,000 people.',
    takes: {
      username: text('A pattern; `user` is understood too.', 'ann*'),
      userid: text('A pattern.'),
      givenname: text('A pattern.'),
      surname: text('A pattern.'),
      email: text('A pattern.'),
      phone: text('A pattern.'),
      mobile: text('A pattern.'),
      description: text('A pattern.'),
      realm: text('Only people of this realm.'),
      resolver: text('Only people of this resolver.'),
      attributes: text('Only these fields, with commas between.', 'username,email'),
      include_custom_attributes: oneOf(['0', '1'], 'Whether to tell what was noted about them.'),
      ...paged(),
    },
    gives: envelope(
      v.array(v.looseObject(v.partial(person).entries)),
      v.partial(
        v.object({
          ...paging,
          cut: v.pipe(
            v.array(v.string()),
            v.description('Directories that have more than SIZELIMIT lets them give.'),
          ),
        }),
      ),
    ),
    refuses: [503],
  },
  {
    method: 'POST',
    path: '/user',
    surface: 'people',
    who: 'people',
    does: 'Adds a person',
    takes: { user, resolver, realm, ...profile },
    gives: envelope(string('Their id.')),
  },
  {
    method: 'PUT',
    path: '/user',
    surface: 'people',
    who: 'people',
    does: 'Changes a person',
    more: 'What is left out stays. With `userid` the person is found by it, and `user` is their new name.',
    takes: { user, resolver, realm, userid: text('Their id.'), ...profile },
    gives: envelope(v.literal(true)),
  },
  {
    method: 'DELETE',
    path: '/user/:resolver/:user',
    surface: 'people',
    who: 'people',
    does: 'Deletes a person; what their tokens could do ends first',
    parts: { resolver: need(resolver), user },
    gives: envelope(v.literal(true)),
  },
  {
    method: 'GET',
    path: '/user/attribute',
    surface: 'people',
    who: 'people',
    does: 'Tells what is noted about a person',
    takes: { ...attributeOf, key: text('One note only.', 'floor') },
    gives: envelope(
      v.pipe(
        v.union([v.record(v.string(), v.string()), v.nullable(v.string())]),
        v.description('All notes, or the one that was asked for, or null.'),
      ),
    ),
  },
  {
    method: 'POST',
    path: '/user/attribute',
    surface: 'people',
    who: 'people',
    does: 'Notes something about a person',
    takes: {
      ...attributeOf,
      key: need(text('The name of the note.', 'floor')),
      value: need(text('At most 2,000 characters.', '3')),
      type: text('What kind of note it is.'),
    },
    gives: envelope(number('Its number.')),
  },
  {
    method: 'GET',
    path: '/user/editable_attributes',
    surface: 'people',
    who: 'people',
    does: 'Tells which notes about people may be written',
    takes: attributeOf,
    gives: envelope(
      v.object({
        delete: v.array(v.string()),
        set: v.pipe(
          v.record(v.string(), v.array(v.string())),
          v.description('Values by name; * stands for any.'),
        ),
      }),
    ),
  },
  ...['/user/attribute/:key/:user', '/user/attribute/:key/:user/:realm'].map((path): Route => ({
    method: 'DELETE',
    path,
    surface: 'people',
    who: 'people',
    does: 'Takes a note about a person away',
    parts: {
      key: need(text('The name of the note.', 'floor')),
      user: need(text('The name.', 'anna')),
      ...(path.endsWith('realm') && { realm: need(realm) }),
    },
    gives: envelope(number('How many notes it was.')),
  })),
]

const realmName = need(text('Letters, digits and any of _ . -, at most 64.', 'example'))
const resolverName = need(text('Letters, digits and any of _ . -, at most 64.', 'people'))
const realmList = v.record(
  v.string(),
  v.object({
    default: boolean('Whether it is the default realm.'),
    id: v.number(),
    option: v.string(),
    resolver: v.array(
      v.object({
        name: v.string(),
        type: v.string(),
        priority: v.nullable(v.number()),
        node: v.string(),
      }),
    ),
  }),
)
const ldap: Fields = {
  LDAPURI: text(
    'Servers, with commas between: the first that answers is asked. ldap:// only where LdapWithoutTls is 1.',
    'ldaps://ldap1.example.org, ldaps://ldap2.example.org',
  ),
  LDAPBASE: text('Below this are the people.', 'ou=people,dc=example,dc=org'),
  BINDDN: text('Who searches; nobody where it is left out.', 'cn=reader,dc=example,dc=org'),
  BINDPW: text('Sealed, and given back as __CENSORED__, which keeps it.'),
  LOGINNAMEATTRIBUTE: text('What people type, with commas between several.', 'uid'),
  LDAPSEARCHFILTER: text('Whom it is about at all.', '(objectClass=inetOrgPerson)'),
  USERINFO: text('JSON: our field, their attribute.', '{"username":"uid","email":"mail"}'),
  UIDTYPE: text('What never changes of a person: DN, objectGUID, entryUUID or an attribute.', 'DN'),
  SCOPE: oneOf(['SUBTREE', 'LEVEL', 'BASE'], 'How deep it is searched.'),
  TIMEOUT: text('Seconds for each step with a server; 5.', '5'),
  CACHE_TIMEOUT: text(
    'Seconds for which a person who was found is remembered; 30, at most 300.',
    '30',
  ),
  SIZELIMIT: text('A list has no more people; 500. 0: no limit.', '500'),
  SERVERPOOL_SKIP: text('Seconds for which a server that did not answer comes last; 30.', '30'),
  CONNECTOR: text(
    'Ask through the connectors of this name; then LDAPURI, BINDDN and BINDPW stay there.',
  ),
}
const resolverList = v.record(
  v.string(),
  v.object({
    censor_keys: v.array(v.string()),
    data: v.looseObject({ Editable: v.boolean() }),
    resolvername: v.string(),
    type: v.string(),
  }),
)

const connectorOf = v.object({
  id: v.string(),
  name: v.string(),
  label: string('What it calls itself.'),
  enrolled: v.boolean(),
  connected: v.boolean(),
  code_expires_at: number('Epoch seconds: until when its code is good.'),
})

export const connectors: Route[] = [
  {
    method: 'GET',
    path: '/connector',
    surface: 'realms',
    who: 'settings',
    does: 'Lists the connectors, and which of them are connected',
    gives: envelope(v.array(connectorOf)),
  },
  {
    method: 'POST',
    path: '/connector',
    surface: 'realms',
    who: 'settings',
    does: 'Makes a code by which one connector enrols',
    takes: {
      name: need(
        text(
          'What resolvers call it in CONNECTOR; several of one name share their work.',
          'office',
        ),
      ),
    },
    gives: envelope(
      v.object({
        id: v.string(),
        code: string('Good once, for an hour; shown only now.'),
        code_expires_at: v.number(),
      }),
    ),
  },
  {
    method: 'DELETE',
    path: '/connector/:id',
    surface: 'realms',
    who: 'settings',
    does: 'Revokes a connector: it is cut off before this answers',
    parts: { id: need(text('Its id.', 'PqD1fK2mTz6rYw8uHc0aLg')) },
    gives: envelope(v.literal(true)),
    refuses: [404],
  },
  {
    method: 'POST',
    path: '/connector/enrol',
    surface: 'realms',
    who: 'proof',
    does: 'Takes a connector’s key for the code that it was given',
    takes: {
      proof: need(text('A JWS by the new key: aud, code and label; the key in its header.', 'ey…')),
    },
    gives: envelope(v.object({ id: v.string(), name: v.string() })),
    refuses: [403],
  },
  {
    method: 'GET',
    path: '/connector/dial',
    surface: 'realms',
    who: 'proof',
    does: 'Opens the WebSocket by which a connector is asked',
    more: 'The first message holds a nonce; the connector signs it, and is asked nothing before.',
    headers: { Upgrade: need(text('websocket', 'websocket')) },
    takes: { id: need(text('Its id.', 'PqD1fK2mTz6rYw8uHc0aLg')) },
    gives: { in: 'nothing', status: 101, meaning: 'A WebSocket.' },
    refuses: [404],
  },
]

export const realms: Route[] = [
  {
    method: 'GET',
    path: '/realm',
    surface: 'realms',
    who: 'people',
    does: 'Lists the realms by name',
    gives: envelope(realmList),
  },
  {
    method: 'POST',
    path: '/realm/:name',
    surface: 'realms',
    who: 'settings',
    does: 'Makes a realm, or says anew where it looks for its people',
    more: 'A field `priority.<resolver>` from 0 to 999 beside it says which comes first when a name is in several: the lowest.',
    parts: { name: realmName },
    takes: {
      resolvers: need(text('Names with commas between, or a JSON list.', 'people')),
    },
    gives: envelope(
      v.object({
        added: v.array(v.string()),
        failed: v.pipe(v.array(v.string()), v.description('Those that do not exist.')),
      }),
    ),
  },
  {
    method: 'DELETE',
    path: '/realm/:name',
    surface: 'realms',
    who: 'settings',
    does: 'Deletes a realm; its people stay in their resolvers',
    parts: { name: realmName },
    gives: envelope(number('Its number.')),
    refuses: [404],
  },
  {
    method: 'GET',
    path: '/defaultrealm',
    surface: 'realms',
    who: 'people',
    does: 'Tells the realm that is meant where none is named',
    gives: envelope(realmList),
  },
  {
    method: 'POST',
    path: '/defaultrealm/:name',
    surface: 'realms',
    who: 'settings',
    does: 'Chooses the default realm',
    parts: { name: realmName },
    gives: envelope(v.literal(1)),
    refuses: [404],
  },
  {
    method: 'DELETE',
    path: '/defaultrealm',
    surface: 'realms',
    who: 'settings',
    does: 'Leaves no realm the default',
    gives: envelope(v.literal(1)),
  },
  {
    method: 'GET',
    path: '/resolver',
    surface: 'realms',
    who: 'people',
    does: 'Lists the resolvers by name',
    takes: { type: text('Only those of this type.', 'local') },
    gives: envelope(resolverList),
  },
  {
    method: 'GET',
    path: '/resolver/:name',
    surface: 'realms',
    who: 'people',
    does: 'Tells of one resolver; of none where there is none',
    parts: { name: resolverName },
    gives: envelope(resolverList),
  },
  {
    method: 'POST',
    path: '/resolver/test',
    surface: 'realms',
    who: 'settings',
    does: 'Tries a configuration without keeping it',
    more: 'With `resolver` what is kept of it stands in for what is not told. false: the description says what the directory said.',
    takes: {
      type: need(text('The type.', 'local')),
      resolver: text('One that is kept already.'),
      ...ldap,
    },
    gives: envelope(v.boolean(), v.object({ description: v.string() })),
  },
  {
    method: 'POST',
    path: '/resolver/:name',
    surface: 'realms',
    who: 'settings',
    does: 'Makes a resolver, or configures it anew',
    parts: { name: resolverName },
    more: 'What is not told stays. privacyIDEA’s further parameters of an ldapresolver are kept, and listed where nothing obeys them.',
    takes: {
      type: need(text('`local`: people are kept here. `ldapresolver`: in a directory.', 'local')),
      ...ldap,
    },
    gives: envelope(
      number('Its number.'),
      v.partial(
        v.object({
          warning: string('What is dangerous about it.'),
          not_in_force: v.array(v.string()),
        }),
      ),
    ),
  },
  {
    method: 'DELETE',
    path: '/resolver/:name',
    surface: 'realms',
    who: 'settings',
    does: 'Deletes a resolver with its people; one that a realm still looks into stays',
    parts: { name: resolverName },
    gives: envelope(number('Its number, or -1 where there was none.')),
  },
]
