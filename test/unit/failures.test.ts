// What has failed for a peer decides when it is dialed again, and what is reported.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TcpnetError } from '#tcpnet/errors.js'
import { Failures } from '#tcpnet/mesh/failures.js'
import { DEFAULT_LIMITS } from '#tcpnet/mesh/limits.js'
import { Link } from '#tcpnet/mesh/link.js'

test('the delay before the next dial grows after dials that fail, are declined, or lead to a short connection', () => {
  const failures = new Failures(DEFAULT_LIMITS)
  failures.declined()
  failures.add(new Error('no'), 0)
  failures.lost('A1', 0, 'the peer ended it')
  assert.ok(failures.backoffMs() >= 300)
  assert.equal(failures.count, 2)
  failures.lost('A1', 15_000, 'the peer ended it')
  assert.ok(failures.backoffMs() <= 100)
  assert.equal(failures.count, 0)
})

test('an error is reported only if it lasts when our own address is not usable yet, or a port is closed already', () => {
  let now = 0
  const failures = new Failures(DEFAULT_LIMITS)
  const told = (code: string) => failures.add(Object.assign(new Error('no'), { code }), now)
  assert.deepEqual([told('EADDRNOTAVAIL'), told('ECONNREFUSED'), told('EHOSTUNREACH')], [false, false, true])
  now += DEFAULT_LIMITS.goodbyeMs
  assert.deepEqual([told('EADDRNOTAVAIL'), told('ECONNREFUSED')], [false, true])
  now = DEFAULT_LIMITS.tentativeMs
  assert.equal(told('EADDRNOTAVAIL'), true)
})

test('the time until a peer with another kind of security is asked for again doubles, up to ten minutes', () => {
  const failures = new Failures(DEFAULT_LIMITS)
  const objection = new TcpnetError('ERR_TCPNET_SECURITY', 'no')
  const waits = Array.from({ length: 6 }, () => {
    failures.barredBy('security', objection)
    return failures.backoffMs() / 60_000
  })
  assert.deepEqual(waits, [1, 2, 4, 8, 10, 10])
})

test('a peer that was found to have another kind of security is not new any more, and is dialed soon after an answer', () => {
  const link = new Link('A1', { name: 'x', uuid: 'FF', onDue: () => {} })
  link.barredBy('security', new TcpnetError('ERR_TCPNET_SECURITY', 'no'))
  assert.equal(link.isNew, false)
  const failures = new Failures(DEFAULT_LIMITS)
  failures.barredBy('security', new TcpnetError('ERR_TCPNET_SECURITY', 'no'))
  failures.declined()
  assert.ok(failures.backoffMs() <= 100)
})
