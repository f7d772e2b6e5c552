import { encode } from 'dns-packet'
import { loadAddon } from './addon.js'
import { decodeMessage } from './discovery/dns-reader.js'

/** An answer to a first look: one record of each type that is read. */
const ANSWER = encode({
  type: 'response',
  answers: [
    { type: 'PTR', name: '_a._tcp.local', data: 'A._a._tcp.local' },
    { type: 'SRV', name: 'A._a._tcp.local', data: { target: 'a.local', port: 1 } },
    { type: 'TXT', name: 'A._a._tcp.local', data: 'v=1' },
    { type: 'A', name: 'a.local', data: '192.0.2.1' },
    { type: 'AAAA', name: 'a.local', data: '2001:db8::1' }
  ]
})

// The first use of each of these takes a millisecond or two: use them at the import of the package, not between listen() and
// the first dial. A failure to load the addon is reported when the addon is needed.
loadAddon()
decodeMessage(ANSWER)
// Node's listen() loads node:cluster, the first look loads node:dgram.
for (const name of ['node:cluster', 'node:dgram']) process.getBuiltinModule(name)
