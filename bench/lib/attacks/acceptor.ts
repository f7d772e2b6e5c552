// Accepts connections at a port of all addresses of its host, until its standard input ends. It prints a line when it
// listens.
//   acceptor.js silent PORT    sends nothing
//   acceptor.js chain PORT     shows a chain of certificates that takes long to verify
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { giantChain } from '../../../test/security/giant-chain.js'

const [kind, port] = process.argv.slice(2)

const makers: Record<string, () => Server> = {
  silent: () => createServer((socket) => hold(socket)),
  chain: () => createTlsServer(giantChain(75), hold).on('tlsClientError', () => {})
}

function hold(socket: Socket): void {
  socket.on('error', () => {}).resume()
}

makers[kind ?? '']?.().listen(Number(port), '0.0.0.0', 4096, () => console.log('listening'))
process.stdin.resume().on('end', () => process.exit())
