import { decode, encode } from 'dns-packet'
import { loadAddon } from './addon.js'

/** What a host answers to a first look: one record of each kind that is read. */
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

// All of it takes V8 and the system a millisecond or two when it is used for the first time: at the import of the package, and
// not between listen() and the first dial. A failure to load the addon is told where the addon is needed.
loadAddon()
decode(ANSWER)
// Node's own listen() loads the one, the first look the other.
for (const name of ['node:cluster', 'node:dgram']) process.getBuiltinModule(name)
