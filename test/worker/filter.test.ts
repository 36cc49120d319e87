/** Search filters as bytes: what a name in them can be, and what they refuse to be. */
import { BerWriter } from 'ldapts'
import { describe, expect, it } from 'vitest'
import { escaped, escapedBytes, writeFilter } from '../../worker/directory/filter.ts'
import { guidBytes, guidText } from '../../worker/directory/guid.ts'
import { isUnder } from '../../worker/directory/work.ts'

function bytes(filter: string): string {
  const writer = new BerWriter()
  writeFilter(writer, filter)
  return writer.buffer.toString('latin1')
}
const equality = (attribute: string, value: string) =>
  `\xa3${String.fromCharCode(attribute.length + value.length + 4)}\x04${String.fromCharCode(attribute.length)}${attribute}\x04${String.fromCharCode(value.length)}${value}`

describe('a filter', () => {
  it('takes a hostile name for nothing but a name', () => {
    for (const name of ['*', 'a*b', ')(uid=*', '\\2a', '\\', '(', '\0', 'Zoë', ' ', '=', '&|!'])
      expect(bytes(`(uid=${escaped(name)})`)).toBe(
        equality('uid', Buffer.from(name).toString('latin1')),
      )
  })

  it('takes bytes that are no text', () => {
    const guid = '6f9619ff-8b86-d011-b42d-00c04fc964ff'
    const raw = guidBytes(guid)!
    expect(guidText(raw)).toBe(guid)
    expect(bytes(`(objectGUID=${escapedBytes(raw)})`)).toBe(
      equality('objectGUID', Buffer.from(raw).toString('latin1')),
    )
    expect(guidBytes('*')).toBe(null)
  })

  it('is written as RFC 4511 has it', () => {
    const mail = equality('mail', 'a')
    expect(bytes('(!(mail=a))')).toBe(`\xa2\x0b${mail}`)
    expect(bytes('(&(mail=a)(|(mail=a)(mail=a)))')).toBe(`\xa0\x23${mail}\xa1\x16${mail}${mail}`)
    expect(bytes('(mail=*)')).toBe('\x87\x04mail')
    expect(bytes('(mail=a*b*c)')).toBe('\xa4\x11\x04\x04mail\x30\x09\x80\x01a\x81\x01b\x82\x01c')
    expect(bytes('(n>=1)')).toBe('\xa5\x06\x04\x01n\x04\x011')
    expect(bytes('(u:1.2.3:=2)')).toBe('\xa9\x0d\x81\x051.2.3\x82\x01u\x83\x012')
    expect(bytes('(ou:dn:=x)')).toBe('\xa9\x0a\x82\x02ou\x83\x01x\x84\x01\xff')
  })

  it('is one whole filter, or none', () => {
    for (const broken of [
      ...['', 'uid=a', '(uid=a', '(uid=a))', '(uid=a)(uid=b)', '(&(uid=a)', '(uid)', '(=a)'],
      ...['(uid=\\zz)', '(uid=\\2)', '(uid=a(b)', '(!(uid=a)(uid=b))', '(&)', '(|)'],
      `${'(!'.repeat(40)}(uid=a)${')'.repeat(40)}`,
    ])
      expect(() => bytes(broken), broken).toThrow()
    expect(bytes('(uid=a)')).toBe(equality('uid', 'a'))
  })

  it('is asked below its base and nowhere else', () => {
    const base = 'ou=people,dc=example,dc=org'
    expect(isUnder('UID=anna, OU=People,DC=example,DC=org', base)).toBe(true)
    for (const other of ['uid=a,dc=example,dc=org', 'xou=people,dc=example,dc=org', ''])
      expect([other, isUnder(other, base)]).toEqual([other, false])
  })
})
