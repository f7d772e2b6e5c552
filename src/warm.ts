import { loadAddon } from './addon.js'
import { instancesIn } from './discovery/dns-message.js'
import { decodeMessage } from './discovery/dns-reader.js'
import { encodeQuery } from './discovery/dns-writer.js'
import { interfacesWith } from './net/addresses.js'
import { rehearse } from './rehearsal.js'

/** An answer to a first look: one record of each type that is read. */
export const ANSWER = Buffer.from(
  [
    // The header of a response with five answers (RFC 1035 §4.1.1).
    '000084000000000500000000',
    // The first record has the name _a._tcp.local, the others point into it. Then come type, class, TTL, and the data's length.
    '025f61045f746370056c6f63616c00' + '000c' + '0001' + '00000078' + '0004' + '0141c00c',
    'c025' + '0021' + '8001' + '00000078' + '000a' + '000000000001' + '0161c014',
    'c025' + '0010' + '8001' + '00001194' + '0004' + '03763d31',
    'c03b' + '0001' + '8001' + '00000078' + '0004' + 'c0000201',
    'c03b' + '001c' + '8001' + '00000078' + '0010' + '20010db8000000000000000000000001'
  ].join(''),
  'hex'
)

/** The answer is read as if it were received on an interface in 192.0.2.0/24. */
const TYPE = '_a._tcp.local'
const ASKED = { type: TYPE, interfaceIndex: 1, fromThisMachine: false, anyAddress: false }
const INTERFACES = interfacesWith([
  { index: 1, name: 'a', family: 4, address: '192.0.2.2', prefixLength: 24, loopback: false, up: true }
])

// The first use of each of these takes V8 a while: use them at the import of the package, not between listen() and the first
// connections. A failure to load the addon is reported when the addon is needed.
loadAddon()
// Node's listen() loads node:cluster, the first look loads node:dgram.
for (const name of ['node:cluster', 'node:dgram']) process.getBuiltinModule(name)
encodeQuery([{ type: 'PTR', name: TYPE }])
/** Paths with interface 0 are not checked against this machine's interfaces. */
export const REHEARSED = instancesIn(decodeMessage(ANSWER), ASKED, INTERFACES).map((instance) => ({
  ...instance,
  paths: instance.paths.map((path) => ({ ...path, interfaceIndex: 0 }))
}))
// Some test environments (Jest's jsdom) have no setImmediate: they may import the package all the same.
if (typeof setImmediate === 'function') for (const instance of REHEARSED) rehearse(instance)
