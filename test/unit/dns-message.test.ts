// Parsing an answer to a first look.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Answer, encode } from 'dns-packet'
import { instancesIn } from '#tcpnet/discovery/dns-message.js'
import { type DnsMessage, type DnsRecord, decodeMessage } from '#tcpnet/discovery/dns-reader.js'
import { joinTxt } from '#tcpnet/discovery/txt.js'
import { interfacesWith } from '#tcpnet/net/addresses.js'

const type = '_answers._tcp.local'
const ASKED = { type, interfaceIndex: 2, fromThisMachine: false, anyAddress: false }
const INTERFACES = interfacesWith([
  { index: 2, name: 'eth0', family: 4, address: '192.0.2.9', prefixLength: 24, loopback: false, up: true }
])

const ADDRESS: Answer = { type: 'A', name: 'alpha.local', data: '192.0.2.1' }
const srv = (uuid: string, port: number): Answer => {
  return { type: 'SRV', name: `${uuid}.${type}`, data: { port, target: 'alpha.local' } }
}
const read = (message: DnsMessage) => instancesIn(message, ASKED, INTERFACES)
const readMessage = (...answers: Answer[]) => read(decodeMessage(encode({ type: 'response', answers })))

describe('an answer', () => {
  it('gives an instance with all its fields', () => {
    const txt: Answer = { type: 'TXT', name: `A1.${type}`, data: ['v=1', 'sec=none'] }
    const [instance, ...others] = readMessage(srv('a1', 4000), { ...txt, name: `a1.${type}` }, ADDRESS)
    assert.deepEqual(
      { ...instance, txt: { ...instance?.txt } },
      {
        uuid: 'A1',
        host: 'alpha.local',
        port: 4000,
        txt: { v: '1', sec: 'none' },
        paths: [{ interfaceIndex: 2, family: 4, address: '192.0.2.1' }]
      }
    )
    assert.deepEqual(others, [])
  })

  it('gives addresses in their canonical form (RFC 5952 §4)', () => {
    const address: Answer = { type: 'AAAA', name: 'alpha.local', data: 'fe80:4:0:0:d6da:0:0:0' }
    const [instance] = readMessage(srv('A1', 1), address)
    assert.deepEqual(
      instance?.paths.map(({ address }) => address),
      ['fe80:4:0:0:d6da::']
    )
  })

  it('gives an instance once, according to its first SRV record', () => {
    const found = readMessage(srv('A1', 1), srv('A1', 2), srv('a1', 3), srv('B2', 4), ADDRESS)
    assert.deepEqual(
      found.map(({ uuid, port }) => `${uuid} ${port}`),
      ['A1 1', 'B2 4']
    )
  })

  it('has its TXT record decoded once, however many SRV records have its name', () => {
    let decoded = 0
    const strings = joinTxt(Array.from({ length: 2200 }, (_, at) => (at === 2199 ? 'sec=none' : `k${at}=`)))
    strings.toString = (...range) => {
      decoded++
      return Buffer.prototype.toString.apply(strings, range)
    }
    const txt: DnsRecord = { type: 'TXT', name: `A1.${type}`, ttl: 120, flush: true, data: strings }
    const others = encode({ type: 'response', answers: [...Array.from({ length: 225 }, () => srv('A1', 1)), ADDRESS] })
    const message = decodeMessage(others)
    const [instance] = read({ ...message, additionals: [txt] })
    assert.deepEqual({ ...instance?.txt }, { sec: 'none' })
    assert.equal(decoded, 2200)
  })

  it('gives an instance that cannot be dialed if it is asked which names are taken', () => {
    const message = decodeMessage(
      encode({ type: 'response', answers: [srv('A1', 1), { ...ADDRESS, data: '198.51.100.1' } as Answer] })
    )
    const names = (anyAddress: boolean) =>
      instancesIn(message, { ...ASKED, anyAddress }, INTERFACES).map(({ uuid }) => uuid)
    assert.deepEqual([names(false), names(true)], [[], ['A1']])
  })

  it('gives no instance if it is a question, or has no address', () => {
    assert.deepEqual(read(decodeMessage(encode({ type: 'query', answers: [srv('A1', 1), ADDRESS] }))), [])
    assert.deepEqual(readMessage(srv('A1', 1)), [])
  })
})
