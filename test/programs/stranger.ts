// Connects to a node's port as somebody who is no peer of it: says what it is told to, and how that ended.
// Arguments: address, port, what to say (see SAY), how often (one after the other), a uuid for those that name one.
import { connect, type Socket } from 'node:net'

const [address, port, what = '', count = '1', uuid = ''] = process.argv.slice(2)
const MEGABYTES = 10
const chunk = Buffer.alloc(1024 * 1024, 'x')

const SAY: Record<string, (socket: Socket) => void> = {
  nothing: () => {},
  garbage: (socket) => socket.write('GET / HTTP/1.1\r\n\r\n'),
  flood: (socket) => {
    for (let i = 0; i < MEGABYTES; i++) socket.write(chunk)
  },
  'half a hello': (socket) => socket.end('{"tcpnet":1,'),
  'another name': (socket) => socket.write(hello({ name: 'other', to: uuid })),
  'another uuid': (socket) => socket.write(hello({ name: process.env.CLUSTER ?? '', to: 'ABCDEF' })),
  'your uuid': (socket) => socket.write(hello({ name: process.env.CLUSTER ?? '', from: uuid, to: uuid })),
  'another version': (socket) => socket.write(hello({ tcpnet: 2, name: process.env.CLUSTER ?? '', to: uuid }))
}

function hello(fields: object): string {
  return `${JSON.stringify({ tcpnet: 1, from: 'BAD', boot: '0123456789abcdef', seq: 0, ...fields })}\n`
}

/** Resolves with what came back when the connection is closed. */
function visit(): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: Number(port) })
    let answer = ''
    socket.on('connect', () => SAY[what]?.(socket))
    socket.setEncoding('utf8').on('data', (text) => {
      answer += text
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer))
  })
}

for (let i = 0; i < Number(count); i++) console.log(JSON.stringify(await visit()))
