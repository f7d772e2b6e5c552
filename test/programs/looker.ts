// Looks for the services of a cluster every half second, without a driver, and prints the uuid of each that answers.
//   looker.js NAME
import type { Discovery, Listener } from '#tcpnet/discovery/discovery.js'
import { withFirstLook } from '#tcpnet/discovery/with-first-look.js'
import { SILENT } from '../support/silent.js'

const [, , name = ''] = process.argv
const listener: Listener = { ...SILENT, hint: ({ uuid }) => console.log(uuid) }
const announcement = { name, uuid: 'AA', probe: false, port: 1, txt: {}, interfaceIndex: 0, address: null }
const none: Discovery = { locate: async () => null, close: async () => {} }
const discovery = withFirstLook(() => none, { againMs: 500 })(announcement, listener)
process.stdin.on('end', () => discovery.close()).resume()
