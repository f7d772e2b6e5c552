import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { HandshakeGate } from '#tcpnet/security/gate.js'
import { tlsSecurity } from '#tcpnet/security/mutual-tls.js'
import { secretSecurity } from '#tcpnet/security/secret.js'
import type { Channel, Security } from '#tcpnet/security/security.js'
import { certificate } from './certificate.js'

/** Handshakes that do not count, during which code is compiled and contexts are made. */
const WARM_UP = 100

const gates = { inbound: new HandshakeGate(), outbound: new HandshakeGate() }

/** The securities that are compared: certificates on both sides, and a secret that is a key. */
export function securities(): Record<string, Security> {
  const tls = certificate()
  const secrets = { secrets: [Buffer.alloc(32, 1)], name: 'bench', uuid: 'A' }
  return { tls: tlsSecurity(tls, { gates }), secret: secretSecurity(secrets, { gates }) }
}

/**
 * Milliseconds of processor time, and of elapsed time, for a handshake with a line each way: both sides, in this
 * process.
 */
export async function handshakes(security: Security, count: number): Promise<{ cpuMs: number; timeMs: number }> {
  await new Promise<void>((resolve, reject) =>
    security.prepare((error) => (error === null ? resolve() : reject(error)))
  )
  const server = createServer((socket) => {
    security.server(
      socket.on('error', () => {}),
      (channel) => (channel as Channel).send('answer\n')
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  for (let left = WARM_UP; left > 0; left--) await handshake(security, port)
  const [cpu, start] = [process.cpuUsage(), performance.now()]
  for (let left = count; left > 0; left--) await handshake(security, port)
  const { user, system } = process.cpuUsage(cpu)
  server.close()
  return { cpuMs: (user + system) / 1000 / count, timeMs: (performance.now() - start) / count }
}

async function handshake(security: Security, port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const channel = await new Promise<Channel>((resolve) =>
    security.client(socket, 'A', (result) => resolve(result as Channel))
  )
  channel.send('hello\n')
  await new Promise((resolve) => channel.receive(resolve))
  channel.socket.destroy()
}
