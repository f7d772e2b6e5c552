import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { plain, securityObjection } from '#tcpnet/security/security.js'

describe('the security that a peer announces', () => {
  const cases: [announced: string | undefined, told: RegExp | null][] = [
    ['none', null],
    [undefined, null],
    ['psk', /^The peer A1 announces security "psk", this service has "none"/],
    ['tls', /^The peer A1 announces security "tls", this service has "none"/],
    ['', /^The peer A1 announces another kind of security, /],
    ['\u009b2J\u202etls\u2028', /^The peer A1 announces another kind of security, /],
    ['x'.repeat(9000), /^The peer A1 announces another kind of security, /],
    ['constructor', /^The peer A1 announces another kind of security, /]
  ]
  for (const [announced, told] of cases) {
    it(`is named where it is known, and not repeated otherwise: ${JSON.stringify(announced)?.slice(0, 30)}`, () => {
      const objection = securityObjection(plain, 'A1', announced)
      if (told === null) return assert.equal(objection, null)
      assert.match(objection?.message ?? '', told)
      assert.match(objection?.message ?? '', /^[\x20-\x7e]{1,300}$/)
    })
  }
})
