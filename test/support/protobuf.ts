/** As much of the protobuf encoding as Chromium's push connection needs: numbers, bytes and text, no schema. */

export type Fields = Map<number, (bigint | Uint8Array)[]>

export function varint(value: number | bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt(value)
  do {
    const low = Number(rest & 127n)
    rest >>= 7n
    bytes.push(rest > 0n ? low | 128 : low)
  } while (rest > 0n)
  return Buffer.from(bytes)
}

export const numberField = (field: number, value: number | bigint): Buffer =>
  Buffer.concat([varint(field << 3), varint(value)])

export function fixed64Field(field: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return Buffer.concat([varint((field << 3) | 1), bytes])
}

export function bytesField(field: number, value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as Uint8Array)
  return Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes])
}

/** @returns the number and where it ends, or null where the bytes end before it does. */
export function readVarint(bytes: Buffer, start: number): { value: bigint; end: number } | null {
  let value = 0n
  for (let end = start; end < bytes.length; end++) {
    const byte = bytes[end] ?? 0
    value |= BigInt(byte & 127) << BigInt(7 * (end - start))
    if (byte < 128) return { value, end: end + 1 }
  }
  return null
}

export function readFields(bytes: Buffer): Fields {
  const fields: Fields = new Map()
  let at = 0
  while (at < bytes.length) {
    const key = take(bytes, at)
    const field = Number(key.value >> 3n)
    const { value, end } = readValue(bytes, key.end, Number(key.value & 7n))
    fields.set(field, [...(fields.get(field) ?? []), value])
    at = end
  }
  return fields
}

export function textField(fields: Fields, field: number): string | null {
  const value = fields.get(field)?.[0]
  return value instanceof Uint8Array ? Buffer.from(value).toString() : null
}

function readValue(
  bytes: Buffer,
  start: number,
  wireType: number,
): { value: bigint | Uint8Array; end: number } {
  if (wireType === 0) return take(bytes, start)
  if (wireType === 1) return { value: bytes.readBigUInt64LE(start), end: start + 8 }
  if (wireType === 5) return { value: BigInt(bytes.readUInt32LE(start)), end: start + 4 }
  if (wireType !== 2) throw new Error(`unknown wire type ${wireType}`)
  const length = take(bytes, start)
  const end = length.end + Number(length.value)
  return { value: bytes.subarray(length.end, end), end }
}

function take(bytes: Buffer, start: number): { value: bigint; end: number } {
  const read = readVarint(bytes, start)
  if (!read) throw new Error('a number ends too early')
  return read
}
