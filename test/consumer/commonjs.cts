// A user's CommonJS program: scripts/check-package compiles and runs it against the packed tarball. It does what module.mts
// does, because the two module systems have to give the same types.
import { strict as assert } from 'node:assert'
import { Socket } from 'node:net'

import tcpnet = require('tcpnet')

const settings: tcpnet.Settings = { name: 'consumer', driver: 'memory' }
const here: tcpnet.ListenOptions = { port: 0, address: '127.0.0.1' }
const services: tcpnet.Service[] = [tcpnet(settings, greet), tcpnet.tcpnet(settings, greet)]
let received = 0

function greet(socket: tcpnet.PeerSocket): void {
  assert(socket instanceof Socket)
  const uuid: string = socket.peer.uuid
  socket.write(`hello ${uuid}`)
  socket.once('data', (data) => {
    assert.match(data.toString(), /^hello [0-9A-F]+$/)
    received += 1
    if (received === services.length) finish()
  })
}

function finish(): void {
  for (const service of services) {
    const connections: readonly tcpnet.PeerSocket[] = service.connections
    const peers: ReadonlyMap<string, tcpnet.Peer> = service.peers
    assert.equal(connections.length, 1)
    assert.equal(peers.size, 1)
    service.close()
  }
  console.log('ok')
}

assert.equal(tcpnet.default, tcpnet)
for (const service of services) {
  assert(service instanceof tcpnet.Service)
  service.on('rejected', (error: Error, info: tcpnet.RejectInfo) => console.error(error, info))
  service.on('error', (error: Error) => {
    throw error
  })
  service.listen(here, () => {
    const address: { port: number; addresses: string[] } | null = service.address()
    assert.deepEqual(address?.addresses, ['127.0.0.1'])
    const driver: tcpnet.DriverName | null = service.driver
    assert.equal(driver, 'memory')
  })
}

const code: tcpnet.ErrorCode = 'ERR_TCPNET_NO_DAEMON'
const known: (keyof tcpnet.ServiceEvents)[] = [
  'connection',
  'error',
  'listening',
  'close',
  'rejected',
  'online',
  'offline'
]
const change: Pick<tcpnet.StateChange, 'from' | 'to'> = { from: 'new', to: 'opening' }
assert.notEqual(change.from, change.to)
const secured: [tcpnet.Secret, tcpnet.TlsSettings] = ['a passphrase', { key: '', cert: '', ca: '' }]
assert.equal(secured.length, 2)
const error: tcpnet.TcpnetError = new tcpnet.TcpnetError(code, `one of ${known.length}`)
assert.equal(error.code, code)

// @ts-expect-error: a number is not a name
assert.throws(() => tcpnet(1))
