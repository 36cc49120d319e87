/** The few statements that may read a large table at large, each with the reason and with what bounds it. */

type Exception = {
  what: RegExp
  /** Only this step of its plan. */
  step?: RegExp
  /** Where this is in it, it has an index to go by. */
  unless?: RegExp
  /** It may sort what it finds: without that it stops where its page is full. */
  sorted?: true
  because: string
}

const exceptions: Exception[] = [
  {
    what: /^select … from people where .* order by people.username_key asc, people.resolver asc limit \?/,
    unless: /username_key = \?|people.id = \?/,
    because: 'a list of people is by name, as its index is, and stops where its page is full',
  },
  {
    what: /^select count\(\*\) from people where/,
    unless: /username_key = \?|people.id = \?/,
    because: 'how many people a list has: read of the index, or of a search by other columns once',
  },
  {
    what: /^delete from (people|person_attributes) where .*people.resolver = \?/,
    because: 'a resolver goes with all of its people',
  },
  {
    what: /^select distinct tokens.owner_id from people inner join tokens .* and tokens.realm = \?\)$/,
    because: 'everybody in the realm is called: their objects cost more than their rows',
  },
  {
    what: /^select … from tokens left join people .* limit \?/,
    unless: /tokens.serial = \?|tokens.person = \?|tokens.owner_id = \?|username_key = \?/,
    sorted: true,
    because:
      'administrators search tokens by pattern and sort by any column; by serial it stops where its page is full',
  },
  {
    what: /^select count\(\*\) from tokens left join people/,
    unless: /tokens.serial = \?|tokens.person = \?|tokens.owner_id = \?|username_key = \?/,
    because: 'how many tokens a list has: read of the index, or of a search once',
  },
  {
    what: /\(select 1 from tokens others where .* limit \?\)/,
    step: /^SEARCH others USING COVERING INDEX tokens_by_realm/,
    because: 'tokens of a realm are counted as far as its limit, and only where a policy sets one',
  },
  {
    what: /^select at, number from audit where .* limit \? offset \?$/,
    because:
      'stops after as many entries of the index as a list looks at, or a stretch of a download',
  },
  {
    what: /^select … from deliveries where deliveries.customer = \? order by deliveries.at desc, deliveries.number desc limit \?$/,
    because: 'the newest, as the index has them: it stops where its page is full',
  },
  {
    what: /server_keys.customer = /,
    step: /INDEX server_keys_spare \(customer=\?\)/,
    because:
      'a customer has one spare key: that index is unique, and those without a customer are not asked for',
  },
  {
    what: /\(select min\(at\) from (audit|deliveries|receipts) where customer = customers.id\)/,
    because: 'the oldest of each customer: one step into the key',
  },
  {
    what: /^select mark, owner_id, customer, at from token_changes where token_changes.at <= \? limit \?$/,
    because: 'holds only what is under way at this moment',
  },
]

export const mayRead = (query: string, step: string, isSorted: boolean): boolean =>
  exceptions.some(
    (one) =>
      one.what.test(query) &&
      one.step?.test(step) !== false &&
      !one.unless?.test(query) &&
      (one.sorted || !isSorted),
  )
