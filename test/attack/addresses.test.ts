// Addresses that a stranger announces and that are no host's on the network: nobody may be made to dial them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode, encode } from 'dns-packet'

import { instancesIn } from '#tcpnet/discovery/first-answer.js'
import { Instances } from '#tcpnet/discovery/instances.js'
import { interfaceOf } from '#tcpnet/network.js'

const LO = interfaceOf('127.0.0.1')?.index ?? assert.fail('this machine has no loopback interface')
const ELSEWHERE = LO + 1000
const NO_HOSTS = [
  '0.0.0.0',
  '0.1.2.3',
  '224.0.0.251',
  '255.255.255.255',
  '240.0.0.1',
  '::',
  'ff02::fb',
  '::ffff:7f00:1'
]
const LOOPBACK = ['127.0.0.1', '127.8.9.10', '::1']
const HOSTS = ['10.0.0.1', '192.168.1.255', 'fe80::1', 'fd00::1', '2001:db8::1']

/** Of an instance with all of these addresses, those that are told. */
function told(addresses: readonly string[], interfaceIndex: number): string[] {
  const paths: string[] = []
  const instances = new Instances({
    up: (instance) => paths.splice(0, Infinity, ...instance.paths.map(({ address }) => address)),
    down: () => {}
  })
  instances.begin()
  const place = { instance: 'A1', interfaceIndex, family: 4 } as const
  instances.found({ type: 'found', ...place, host: 'lies.local', port: 80, txt: [], addresses })
  return paths
}

function hinted(addresses: readonly string[], interfaceIndex: number): string[] {
  const type = '_lies._tcp.local'
  const message = encode({
    type: 'response',
    answers: [
      { type: 'SRV', name: `A1.${type}`, data: { port: 80, target: 'lies.local' } },
      ...addresses.map((data) => ({ type: data.includes(':') ? 'AAAA' : 'A', name: 'lies.local', data }) as const)
    ]
  })
  return instancesIn(decode(message), type, interfaceIndex).flatMap(({ paths }) => paths.map(({ address }) => address))
}

for (const [name, pathsOf] of Object.entries({ told, hinted })) {
  test(`addresses that are ${name}`, () => {
    assert.deepEqual(pathsOf(HOSTS, ELSEWHERE), HOSTS, 'hosts')
    for (const address of NO_HOSTS) assert.deepEqual(pathsOf([address], LO), [], address)
    for (const address of LOOPBACK) {
      assert.deepEqual(pathsOf([address], ELSEWHERE), [], `${address} on another interface`)
      assert.deepEqual(pathsOf([address], LO), [address], `${address} on the loopback interface`)
    }
    assert.deepEqual(pathsOf([...LOOPBACK, ...HOSTS, ...NO_HOSTS], ELSEWHERE), HOSTS)
  })
}
