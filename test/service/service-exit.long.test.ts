import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Ended, runProgram } from '../support/child.js'

/**
 * The beginning of every program: functions that make services and wait for events and connections. Does not use `once`
 * of node:events, which listens for `error` too.
 */
const PRELUDE = `
  import { connect } from 'node:net'
  import { tcpnet } from 'tcpnet'
  const make = (uuid) => tcpnet({ name: 'exit', uuid })
  const once = (emitter, event) => new Promise((resolve) => emitter.once(event, resolve))
  const meshed = (...services) => new Promise((resolve) => {
    const check = () => {
      if (!services.every((service) => service.connections.length === services.length - 1)) return
      for (const service of services) service.off('connection', check)
      resolve()
    }
    for (const service of services) service.on('connection', check)
    check()
  })
`

/**
 * A program that imports single modules of the package also makes its services from the modules, not from the bundle.
 */
async function run(program: string): Promise<Ended> {
  const isOfModules = program.includes("'#tcpnet/")
  return runProgram((isOfModules ? PRELUDE.replace("'tcpnet'", "'#tcpnet/index.js'") : PRELUDE) + program)
}

/** Runs a program that has to end by itself, with code 0 and without output. */
async function endsWell(program: string, said = ''): Promise<void> {
  const { code, signal, stdout, stderr } = await run(program)
  assert.deepEqual({ code, signal, stdout: stdout.trim(), stderr }, { code: 0, signal: null, stdout: said, stderr: '' })
}

describe('a process ends by itself, without output', () => {
  const programs: [string, string][] = [
    ['import', ''],
    ['make', 'make()'],
    ['make, close', 'make().close()'],
    ['listen, close', 'make().listen().close()'],
    ['listen, listening, close', 'const a = make().listen(); await once(a, "listening"); a.close()'],
    ['listen, listening, close twice', 'const a = make().listen(() => a.close(() => a.close()))'],
    ['listen, connection, close', 'for (const x of [make(), make()]) x.on("connection", () => x.close()).listen()'],
    [
      'listen, connection, close of one service, then of the other',
      'const [a, b] = [make().listen(), make().listen()]; await meshed(a, b); a.close(() => b.close())'
    ],
    [
      'ten services, meshed, closed',
      'const all = Array.from({ length: 10 }, () => make().listen()); await meshed(...all); for (const x of all) x.close()'
    ],
    ['abort before', 'tcpnet({ name: "x", signal: AbortSignal.abort() }).listen()'],
    ['abort later', 'const c = new AbortController(); make().listen({ signal: c.signal }, () => c.abort())'],
    [
      'a signal that is never aborted',
      'const c = new AbortController(); const a = make().listen({ signal: c.signal }, () => a.close())'
    ],
    [
      'close while a stranger is silent',
      `const a = make().listen(); await once(a, 'listening')
       const s = connect(a.address().port, '127.0.0.1'); await once(s, 'connect'); a.close(); s.resume()`
    ],
    ['an error that has a listener', 'make().on("error", () => {}).listen(0, "192.0.2.1")'],
    [
      'close during a wait for the next dial',
      `const [a, b] = [make('A').listen(), make('B').listen()]; await meshed(a, b)
       for (const socket of a.connections) socket.destroy()
       await once(a.connections[0], 'close'); a.close(); b.close()`
    ]
  ]
  for (const [name, program] of programs) it(`after ${name}`, () => endsWell(program))
})

describe('a process without any listener for errors', () => {
  const ways: [string, string][] = [
    ['reset by the other side', 'b.connections[0].resetAndDestroy()'],
    ['destroyed by the other side while being written', 'near.write(Buffer.alloc(9e6)); b.connections[0].destroy()'],
    ['destroyed with an error on this side', 'near.destroy(new Error("of the application"))'],
    ['written after its end', 'near.end(); near.write("late")']
  ]
  for (const [name, way] of ways) {
    it(`goes on if a connection is ${name}: close follows, and another connection`, () =>
      endsWell(
        `const [a, b] = [make('A').listen(), make('B').listen()]
         await meshed(a, b)
         const [near] = a.connections
         near.resume(); b.connections[0].resume()
         const gone = new Promise((resolve) => near.on('close', () => resolve(a.connections.includes(near))))
         ${way}
         console.log(await gone)
         await meshed(a, b)
         a.close(); b.close()`,
        'false'
      ))
  }

  it('goes on if strangers connect and reset their connections', () =>
    endsWell(
      `const a = make('A').listen()
       await once(a, 'listening')
       for (const bytes of ['', 'half', 'garbage\\n']) {
         const s = connect(a.address().port, '127.0.0.1')
         await once(s, 'connect')
         s.write(bytes, () => s.resetAndDestroy())
         await once(s, 'close')
       }
       const b = make('B').listen()
       await meshed(a, b)
       a.close(); b.close()`
    ))

  it('goes on if a peer speaks another protocol', () =>
    endsWell(
      `import { createServer } from 'node:net'
       import { memory } from '#tcpnet/discovery/drivers/memory.js'
       const server = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400\\r\\n\\r\\n'))
       server.listen(0, '127.0.0.1')
       await once(server, 'listening')
       const nothing = () => {}
       const listener = { announced: nothing, failed: nothing, seen: nothing, gone: nothing, hint: nothing }
       const liar = memory({ name: 'exit', uuid: 'AA', port: server.address().port, txt: {}, address: null }, listener)
       const a = make('A').listen()
       await once(server, 'connection'); await once(server, 'connection')
       a.close(); server.close(); await liar.close()`
    ))

  it('ends with the error of a service that cannot listen', async () => {
    const { code, stderr } = await run('make().listen(0, "192.0.2.1")')
    assert.notEqual(code, 0)
    assert.match(stderr, /EADDRNOTAVAIL/)
  })
})

// An exception of a listener of the application is an uncaught exception, as everywhere in Node. If the application
// handles uncaught exceptions, its services go on.
describe('a listener that throws', () => {
  const CATCH = `
    process.on('uncaughtException', (error) => console.log(error.message))
    const thrower = () => { throw new Error('thrown') }
  `
  const programs: [string, string, string][] = [
    [
      'of listening does not keep the service from its peers',
      `const [a, b] = [make('A').listen(), make('B').on('listening', thrower).listen()]
       await meshed(a, b)
       a.close(); b.close()`,
      'thrown'
    ],
    [
      'of connection does not keep the service from its other peers',
      `const all = [make('A').on('connection', thrower).listen(), make('B').listen(), make('C').listen()]
       await meshed(...all)
       for (const service of all) service.close()`,
      'thrown\nthrown'
    ],
    [
      'of error does not keep the service from its other peers when a dial fails',
      `const secured = tcpnet({ name: 'exit', uuid: 'A', secret: Buffer.alloc(32) }).listen()
       await once(secured, 'listening')
       const others = [make('B').on('error', thrower).listen(), make('C').listen()]
       await meshed(...others)
       while (others[0].peers.get('A').state !== 'barred') await new Promise(setImmediate)
       console.log(others[0].peers.get('A').state)
       for (const service of [secured, ...others]) service.close()`,
      'thrown\nbarred'
    ],
    [
      'of rejected does not leave the rejected connection open',
      `const a = make('A').on('rejected', thrower).listen()
       await once(a, 'listening')
       const strangers = Array.from({ length: 33 }, () => connect(a.address().port, '127.0.0.1').on('error', () => {}))
       await Promise.race(strangers.map((stranger) => once(stranger.resume(), 'end')))
       for (const stranger of strangers) stranger.destroy()
       a.close()`,
      'thrown'
    ]
  ]
  for (const [name, program, said] of programs) it(`for ${name}`, () => endsWell(CATCH + program, said))
})
