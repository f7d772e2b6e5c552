// One end of secured connections, run by pairs.ts on every runtime. It reads commands and prints their outcomes, a line
// of JSON each. Loopback only.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls'
import { tcpnet } from '#tcpnet/index.js'
import type { Line } from '#tcpnet/net/line.js'
import { secretSecurity } from '#tcpnet/security/secret.js'
import type { Channel, Security } from '#tcpnet/security/security.js'

export type Command =
  /** Accepts at a port, which it prints; prints the outcome of each connection. */
  | { readonly do: 'accept'; readonly secret: string }
  /** Dials, sends a hello, and prints the answer. */
  | { readonly do: 'dial'; readonly secret: string; readonly port: number }
  /** Prints the code with which the setting `tls` is refused; null if it is accepted. */
  | { readonly do: 'tls'; readonly tls: { key: string; cert: string; ca: string } }
  /** Prints whether a plain TLS client authorizes the server. */
  | { readonly do: 'authorize'; readonly port: number; readonly ca: string }

export type Report =
  | { readonly did: 'listen'; readonly port: number }
  | ({ readonly did: 'accepted' } & Outcome)
  | ({ readonly did: 'dialed' } & Outcome)
  | { readonly did: 'tls'; readonly code: string | null }
  | { readonly did: 'authorize'; readonly authorized: boolean }

/** `text`: the data after the first line; `code`: the code of the error. */
export interface Outcome {
  readonly line?: string
  readonly text?: string
  readonly code?: string
}

const HELLO = 'hello'
const ANSWER = 'answer'
const PAYLOAD = 'payload'
const securities = new Map<string, Promise<Security>>()

function tell(report: Report): void {
  console.log(JSON.stringify(report))
}

/** One security for each secret, as a service has one for its life. */
function securityOf(secret: string): Promise<Security> {
  const known = securities.get(secret) ?? make(secret)
  securities.set(secret, known)
  return known
}

function make(secret: string): Promise<Security> {
  const security = secretSecurity({ secrets: [secret], name: 'pairs', uuid: 'AB' })
  return new Promise((resolve, reject) =>
    security.prepare((error) => (error === null ? resolve(security) : reject(error)))
  )
}

/** The payload, or '' if the connection ended before. */
function textOf(socket: Socket): Promise<string> {
  let text = ''
  return new Promise((resolve) => {
    socket.on('close', () => resolve(text))
    socket.on('data', (data) => {
      text += data.toString()
      if (text.length >= PAYLOAD.length) resolve(text)
    })
  })
}

async function finish(did: 'accepted' | 'dialed', channel: Channel, line: Line): Promise<void> {
  if (typeof line !== 'string') {
    channel.socket.destroy()
    return tell({ did, code: line?.code ?? 'ended' })
  }
  channel.socket.write(PAYLOAD)
  tell({ did, line, text: await textOf(channel.socket) })
  channel.socket.end()
}

async function accept(secret: string): Promise<void> {
  const security = await securityOf(secret)
  const server = createServer((socket) => {
    socket.on('error', () => {})
    security.server(socket, (channel) => {
      if (channel === null || channel instanceof Error) {
        return tell({ did: 'accepted', code: channel === null ? 'gone' : channel.code })
      }
      channel.receive((line) => {
        channel.send(`${ANSWER}\n`)
        finish('accepted', channel, line)
      })
    })
  })
  server.listen(0, '127.0.0.1', () => tell({ did: 'listen', port: (server.address() as AddressInfo).port }))
}

async function dial(secret: string, port: number): Promise<void> {
  const security = await securityOf(secret)
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  socket.once('connect', () => {
    security.client(socket, 'AB', (channel) => {
      if (channel === null || channel instanceof Error) {
        return tell({ did: 'dialed', code: channel === null ? 'gone' : channel.code })
      }
      channel.send(`${HELLO}\n`)
      channel.receive((line) => finish('dialed', channel, line))
    })
  })
}

function tryTls(tls: { key: string; cert: string; ca: string }): void {
  try {
    tcpnet({ name: 'pairs', driver: 'memory', tls })
    tell({ did: 'tls', code: null })
  } catch (error) {
    tell({ did: 'tls', code: (error as NodeJS.ErrnoException).code ?? 'none' })
  }
}

function authorize(port: number, ca: string): void {
  const options: ConnectionOptions = { port, host: '127.0.0.1', ca, checkServerIdentity: () => undefined }
  const client = tlsConnect(options)
  client.on('secureConnect', () => {
    tell({ did: 'authorize', authorized: client.authorized })
    client.destroy()
  })
  client.on('error', () => tell({ did: 'authorize', authorized: false }))
}

createInterface(process.stdin)
  .on('line', (line) => {
    const command = JSON.parse(line) as Command
    if (command.do === 'accept') accept(command.secret)
    else if (command.do === 'dial') dial(command.secret, command.port)
    else if (command.do === 'tls') tryTls(command.tls)
    else authorize(command.port, command.ca)
  })
  .on('close', () => process.exit())
