import assert from 'node:assert/strict'
import { test } from 'node:test'
import { distance } from '#tcpnet/cli/doctor/checks/distance.js'
import { decodeMessage, encodeCall, messageLength } from '#tcpnet/cli/doctor/facts/dbus-message.js'
import { hostsOf, reverseName } from '#tcpnet/cli/doctor/facts/survey.js'
import { systemBusPath } from '#tcpnet/net/system-bus.js'

test('a call of D-Bus is one message, and reads back', () => {
  const call = { destination: 'org.x', path: '/', interface: 'org.x.I', member: 'Do' }
  const message = encodeCall({ ...call, signature: 'siu', values: ['ä', -1, 7] }, 3)
  assert.equal(messageLength(message), message.length)
  assert.equal(messageLength(message.subarray(0, 15)), null)
  const read = decodeMessage(message)
  assert.deepEqual([read.kind, read.member, read.values], ['other', 'Do', ['ä', -1, 7]])
})

test('the socket of the system bus', () => {
  assert.equal(systemBusPath({}), '/var/run/dbus/system_bus_socket')
  const path = (address: string) => systemBusPath({ DBUS_SYSTEM_BUS_ADDRESS: address })
  assert.equal(path('unix:path=/run/a%20b'), '/run/a b')
  assert.equal(path('tcp:host=x;unix:guid=1,path=/run/c'), '/run/c')
  assert.equal(path('unix:abstract=/run/d,guid=1'), '\0/run/d')
  assert.equal(path('tcp:host=x'), null)
  assert.equal(path('unix:path=%zz'), null)
  assert.equal(path(''), '/var/run/dbus/system_bus_socket')
})

test('the name under which an address is looked up', () => {
  assert.equal(reverseName('10.1.2.3'), '3.2.1.10.in-addr.arpa')
  assert.equal(reverseName('fe80::1'), `1.${'0.'.repeat(27)}0.8.e.f.ip6.arpa`)
  assert.equal(reverseName('::1'), `1.${'0.'.repeat(31)}ip6.arpa`)
})

test('the hosts of a small subnet', () => {
  assert.deepEqual(hostsOf('10.0.0.5', 30), ['10.0.0.5', '10.0.0.6'])
  const all = hostsOf('10.0.0.5', 24)
  assert.deepEqual([all.length, all[0], all.at(-1)], [254, '10.0.0.1', '10.0.0.254'])
})

test('how far a name is from another', () => {
  const cases = [
    ['demo', 'demo', 0],
    ['demo', 'dmeo', 1],
    ['demo', 'demos', 1],
    ['my-cluster', 'my-clutser', 1],
    ['demo', 'test', 3]
  ] as const
  for (const [a, b, far] of cases) assert.equal(distance(a, b), far, `${a} ${b}`)
})
