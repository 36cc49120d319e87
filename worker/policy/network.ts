/** Addresses and networks (CIDR), IPv4 and IPv6. */

/** @returns the address as a number and its length in bits, or null where it is none. */
export function parseAddress(text: string): { value: bigint; bits: 32 | 128 } | null {
  const v4 = parseV4(text)
  if (v4 !== null) return { value: v4, bits: 32 }
  const v6 = parseV6(text)
  if (v6 === null) return null
  // An IPv4 client of an IPv6 listener is the same client.
  return v6 >> 32n === 0xffffn ? { value: v6 & 0xffffffffn, bits: 32 } : { value: v6, bits: 128 }
}

function parseV4(text: string): bigint | null {
  const parts = text.split('.')
  if (
    parts.length !== 4 ||
    !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
  )
    return null
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n)
}

function parseV6(text: string): bigint | null {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  const tail = dotted?.[2] ? parseV4(dotted[2]) : null
  if (dotted && tail === null) return null
  const whole =
    dotted && tail !== null
      ? `${dotted[1]}${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`
      : text
  const halves = whole.split('::')
  if (halves.length > 2) return null
  const groups = (half: string): string[] => (half === '' ? [] : half.split(':'))
  const [head, rest] = [groups(halves[0] ?? ''), groups(halves[1] ?? '')]
  const missing = 8 - head.length - rest.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null
  const all = [...head, ...Array<string>(Math.max(0, missing)).fill('0'), ...rest]
  if (!all.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return null
  return all.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n)
}

/** @returns whether the text is an address or a network, a leading - or ! aside. */
export function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.replace(/^[-!]/, '').split('/')
  const parsed = parseAddress(address)
  return (
    parsed !== null &&
    rest.length === 0 &&
    (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= parsed.bits))
  )
}

type Address = { value: bigint; bits: number }

/** @returns whether an address is in this network; what is no network has none. */
export function contains(network: string): (address: Address) => boolean {
  const [base = '', prefix] = network.split('/')
  const parsed = parseAddress(base)
  if (!parsed) return () => false
  const shift = BigInt(parsed.bits - (prefix === undefined ? parsed.bits : Number(prefix)))
  const start = parsed.value >> shift
  return ({ value, bits }) => bits === parsed.bits && value >> shift === start
}

/**
 * An empty list is everyone. Exclusions win; a list of exclusions alone is everyone else. An unknown client is in no network.
 * @param unknownIsElsewhere for rules, not for credentials: nobody proved it to be one of those whom exclusions leave out.
 */
export function within(
  networks: string[],
  { unknownIsElsewhere = false } = {},
): (client: string | undefined) => boolean {
  if (networks.length === 0) return () => true
  const isExcluded = networks
    .filter((entry) => /^[-!]/.test(entry))
    .map((entry) => contains(entry.slice(1)))
  const isIncluded = networks.filter((entry) => !/^[-!]/.test(entry)).map(contains)
  return (client) => {
    const address = client === undefined ? null : parseAddress(client)
    if (!address) return unknownIsElsewhere && isIncluded.length === 0
    if (isExcluded.some((has) => has(address))) return false
    return isIncluded.length === 0 || isIncluded.some((has) => has(address))
  }
}

export const isWithin = (networks: string[], client: string | undefined): boolean =>
  within(networks)(client)

/** @returns the first address of a network, or null where it is none. */
export const networkStart = (network: string): string | null => edge(network, 0n)

/** @returns the first address behind a network, or null where there is none. */
export const lastAfter = (network: string): string | null => edge(network, 1n)

function edge(network: string, more: 0n | 1n): string | null {
  const [base = '', prefix] = network.split('/')
  const parsed = parseAddress(base)
  if (!parsed) return null
  const shift = BigInt(parsed.bits - (prefix === undefined ? parsed.bits : Number(prefix)))
  const value = ((parsed.value >> shift) + more) << shift
  if (value >> BigInt(parsed.bits) > 0n) return null
  const [width, groups, radix, separator] =
    parsed.bits === 32 ? [8n, 4, 10, '.'] : [16n, 8, 16, ':']
  const parts = Array.from({ length: groups }, (_, index) =>
    ((value >> (width * BigInt(groups - 1 - index))) & ((1n << width) - 1n)).toString(radix),
  )
  return parts.join(separator)
}
