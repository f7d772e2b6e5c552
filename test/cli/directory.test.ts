import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, encode } from 'dns-packet'
import { Directory } from '#tcpnet/cli/mdns/directory.js'
import { decodeMessage } from '#tcpnet/discovery/dns-reader.js'

const PLACE = { interfaceName: 'eth0', interfaceIndex: 2 }
const META = '_services._dns-sd._udp.local'

function take(directory: Directory, answers: Answer[]): void {
  directory.take(decodeMessage(encode({ type: 'response', answers })), PLACE)
}

/** The records of a service. */
function recordsOf(
  uuid: string,
  { cluster = 'demo', host = 'alpha.local', port = 4000, txt = ['v=1', 'sec=none'] } = {}
): Answer[] {
  const type = `_${cluster}._tcp.local`
  const name = `${uuid}.${type}`
  return [
    { type: 'PTR', name: type, data: name, ttl: 120 },
    { type: 'SRV', name, data: { port, target: host }, ttl: 120 },
    { type: 'TXT', name, data: txt, ttl: 120 },
    { type: 'A', name: host, data: '10.0.0.1', ttl: 120 }
  ]
}

const named = (directory: Directory): string[] => directory.services.map(({ cluster, uuid }) => `${cluster}/${uuid}`)

test('a service is listed when all of it is known; until then it is asked for', () => {
  const directory = new Directory('demo')
  assert.deepEqual(directory.questions, [{ type: 'PTR', name: '_demo._tcp.local' }])
  const [pointer, ...rest] = recordsOf('A1')
  assert.ok(pointer !== undefined)
  take(directory, [pointer])
  assert.deepEqual(directory.services, [])
  assert.deepEqual(directory.takeUnresolved(), [{ type: 'ANY', name: 'A1._demo._tcp.local' }])
  take(directory, rest)
  assert.deepEqual(directory.takeUnresolved(), [])
  assert.deepEqual(directory.services, [
    {
      cluster: 'demo',
      uuid: 'A1',
      host: 'alpha.local',
      port: 4000,
      security: 'none',
      version: '1',
      addresses: [{ address: '10.0.0.1', ...PLACE }]
    }
  ])
})

test('all clusters: the types of the network are asked for, once each', () => {
  const directory = new Directory(null)
  assert.deepEqual(directory.questions, [{ type: 'PTR', name: META }])
  const types = [
    '_demo._tcp.local',
    '_DEMO._tcp.local',
    '_printer._udp.local',
    '_no_name._tcp.local',
    '_http._tcp.local'
  ]
  take(
    directory,
    types.map((data) => ({ type: 'PTR', name: META, data, ttl: 120 }) as const)
  )
  assert.deepEqual(
    directory.takeNewTypes().map(({ name }) => name),
    ['_demo._tcp.local', '_http._tcp.local']
  )
  assert.deepEqual(directory.takeNewTypes(), [])
  take(directory, [...recordsOf('A1'), ...recordsOf('B2', { cluster: 'http', txt: ['path=/'] })])
  assert.deepEqual(named(directory), ['demo/A1'])
  assert.deepEqual(directory.takeUnresolved(), [], 'what is no tcpnet service is not asked for')
})

test('services of other clusters, and names that are not hexadecimal, are left out', () => {
  const directory = new Directory('demo')
  take(directory, [{ type: 'PTR', name: META, data: '_other._tcp.local', ttl: 120 }])
  take(directory, [...recordsOf('A1', { cluster: 'other' }), ...recordsOf('printer')])
  assert.deepEqual(named(directory), [])
})

test('two services with one uuid are both listed', () => {
  const directory = new Directory('demo')
  take(directory, recordsOf('A1'))
  take(directory, recordsOf('A1', { host: 'beta.local', port: 4001 }))
  assert.deepEqual(
    directory.services.map(({ host, port }) => `${host}:${port}`),
    ['alpha.local:4000', 'beta.local:4001']
  )
})

test('a goodbye ends a service, and so do questions that it does not answer', () => {
  const directory = new Directory('demo')
  take(directory, recordsOf('A1'))
  take(directory, [{ type: 'PTR', name: '_demo._tcp.local', data: 'A1._demo._tcp.local', ttl: 0 }])
  assert.deepEqual(named(directory), [])
  take(directory, recordsOf('B2'))
  for (let round = 0; round < 3; round++) directory.takeRenewals()
  assert.deepEqual(named(directory), ['demo/B2'])
  take(directory, recordsOf('B2'))
  for (let round = 0; round < 3; round++) directory.takeRenewals()
  assert.deepEqual(named(directory), ['demo/B2'])
  directory.takeRenewals()
  assert.deepEqual(named(directory), [])
})

test('what is kept of a network that says too much is bounded', () => {
  const directory = new Directory('demo', 200)
  for (let at = 0; at < 300; at++) take(directory, recordsOf(at.toString(16)))
  assert.equal(directory.services.length, 200)
  for (let port = 1; port < 100; port++) take(directory, recordsOf('A1', { port }))
  assert.equal(directory.services.filter(({ uuid }) => uuid === 'A1').length, 4)
})
