import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { within } from './wait.js'

/** The two ends of one TCP connection over the loopback interface. Neither is read, and their errors are ignored. */
export async function socketPair(): Promise<{ near: Socket; far: Socket }> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [[far]] = (await within(
    Promise.all([once(server, 'connection'), once(near, 'connect')]),
    'no connection over loopback'
  )) as [[Socket], unknown[]]
  server.close()
  for (const socket of [near, far]) socket.on('error', () => {}).setNoDelay()
  return { near, far }
}

/** All data of a socket until its end. */
export async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await within(once(socket, 'end'), 'the socket does not end')
  return Buffer.concat(chunks)
}
