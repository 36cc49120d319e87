/** What stands in for the readers of certificates: it reads the signature of an elliptic curve, strictly, and nothing else. */
import { describe, expect, it } from 'vitest'
import { AsnParser, ECDSASigValue } from '../../worker/enrolment/no-certificates.ts'

const parse = (hex: string, type: unknown = ECDSASigValue) => {
  const { r, s } = AsnParser.parse(Uint8Array.from(Buffer.from(hex, 'hex')), type)
  return [r, s].map((part) => Buffer.from(part).toString('hex'))
}
const long = '7f'.repeat(66)

describe('a signature', () => {
  it('is two integers in a sequence, short or long', () => {
    expect(parse('3006020101020102')).toEqual(['01', '02'])
    expect(parse(`308188${`0242${long}`.repeat(2)}`)).toEqual([long, long])
  })

  it.each([
    ['nothing', ''],
    ['a byte more', '300602010102010200'],
    ['a byte less', '30060201010201'],
    ['a length that is too long', '30070201010201 02'.replace(' ', '')],
    ['a longer form than needed', '308106020101020102'],
    ['three integers', '3009020101020102020103'],
    ['an empty integer', '300502000201 02'.replace(' ', '')],
    ['something else than integers', '3006040101040102'],
    ['no sequence', '3106020101020102'],
  ])('is refused with %s', (_what, hex) => {
    expect(() => parse(hex)).toThrow('signature')
    expect(parse('3006020101020102')).toEqual(['01', '02'])
  })

  it('is all that is read', () => {
    expect(() => parse('3006020101020102', Object)).toThrow('not looked at')
  })
})
