// How an acceptor answers a hello that it does not accept, and which rejection it reports.
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import type { TcpnetError } from '#tcpnet/index.js'
import { Acceptor } from '#tcpnet/mesh/acceptor.js'
import { formatEndpoint } from '#tcpnet/mesh/format-endpoint.js'
import { encodeHello } from '#tcpnet/mesh/hello.js'
import { DEFAULT_LIMITS } from '#tcpnet/mesh/limits.js'
import { infoOf, type RejectInfo } from '#tcpnet/mesh/refusals.js'
import { plain } from '#tcpnet/security/security.js'
import { readAll, socketPair } from '../support/sockets.js'
import { within } from '../support/wait.js'

const HELLO = {
  name: 'x',
  from: 'AA',
  boot: '0123456789abcdef',
  to: 'BB',
  seq: 0,
  dial: 1,
  port: 4000,
  keepalive: null
}

const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})

interface Outcome {
  readonly answer: string
  readonly error: TcpnetError
  readonly info: RejectInfo
}

const OPTIONS = {
  name: 'x',
  uuid: 'BB',
  security: plain,
  deadlineMs: 5000,
  maxHellos: 9,
  maxHellosPerAddress: 9,
  vain: DEFAULT_LIMITS.vain,
  silentAfterMs: 1000,
  maxWaiting: 0,
  waitingMs: 0,
  isKnown: () => false,
  homes: () => []
}

/** Sends a line to an acceptor, and resolves with the outcome. */
async function outcomeOf(line: string, deadlineMs = 5000): Promise<Outcome> {
  const { near, far } = await socketPair()
  sockets.push(near, far)
  const rejected = new Promise<Pick<Outcome, 'error' | 'info'>>((resolve) => {
    const acceptor = new Acceptor({
      ...OPTIONS,
      deadlineMs,
      onApplicant: () => assert.fail('the hello was taken'),
      onRejected: (error, info) => resolve({ error, info })
    })
    acceptor.admit(near)
  })
  far.write(line)
  const [answer, told] = await Promise.all([readAll(far), within(rejected, 'the rejection is reported')])
  assert.ok(told.error.message.includes(` from ${formatEndpoint('127.0.0.1', far.localPort)}`), told.error.message)
  return { answer: String(answer), ...told }
}

describe('a hello of this version with a field of the wrong form', () => {
  const wrong: [field: string, value: unknown][] = [
    ['boot', 'XYZ'],
    ['boot', undefined],
    ['seq', -1],
    ['seq', '0'],
    ['from', 'not hexadecimal'],
    ['to', ''],
    ['name', 1]
  ]
  for (const [field, value] of wrong) {
    it(`is refused with the reason, and reported with the field: ${field} ${JSON.stringify(value)}`, async () => {
      const { answer, error } = await outcomeOf(`${JSON.stringify({ tcpnet: 1, ...HELLO, [field]: value })}\n`)
      assert.equal(answer, '{"tcpnet":1,"status":"refused","reason":"invalid"}\n')
      assert.equal(error.code, 'ERR_TCPNET_HELLO_INVALID')
      assert.match(error.message, new RegExp(`"${field}"`))
    })
  }
})

describe('the error of a rejected connection names the other side', () => {
  it('if it speaks another protocol, which is not answered', async () => {
    const { answer, error, info } = await outcomeOf('GET / HTTP/1.1\r\n')
    assert.equal(answer, '')
    assert.equal(error.code, 'ERR_TCPNET_HELLO_INVALID')
    assert.match(error.message, /no tcpnet service/)
    assert.equal(info.uuid, undefined)
  })

  it('if it sends nothing', async () => {
    const { answer, error } = await outcomeOf('', 1)
    assert.equal(answer, '')
    assert.match(error.message, /within 1 ms/)
  })

  it('if its hello is for another service, together with the uuid that it claims', async () => {
    const { answer, error, info } = await outcomeOf(encodeHello({ ...HELLO, to: 'CC' }))
    assert.match(answer, /"not-me"/)
    assert.match(error.message, /claims the uuid AA\. Its hello is for the service CC, not BB\./)
    assert.equal(info.uuid, 'AA')
  })
})

it('the address of a rejected connection has the same form as that of a peer', () => {
  const from = (remoteAddress?: string) => infoOf({ remoteAddress, remotePort: 80 } as Socket).remoteAddress
  assert.equal(from('::ffff:10.66.0.3'), '10.66.0.3')
  assert.equal(from('fe80::1%eth0'), 'fe80::1%eth0')
  assert.equal(from(undefined), undefined)
})

it('an endpoint is written as an address and a port, as in a URL', () => {
  assert.equal(formatEndpoint('10.0.0.1', 80), '10.0.0.1:80')
  assert.equal(formatEndpoint('::ffff:10.0.0.1', 80), '10.0.0.1:80')
  assert.equal(formatEndpoint('fe80::1%eth0', 80), '[fe80::1%eth0]:80')
})

describe('connections from an address that lead to no peer', () => {
  /** Sends a line, and reads the answer. */
  async function say(acceptor: Acceptor, line: string): Promise<string> {
    const { near, far } = await socketPair()
    sockets.push(near, far)
    acceptor.admit(near)
    far.end(line)
    return String(await within(readAll(far), 'it is not answered'))
  }

  it('are not read beyond a limit; connections of peers do not count', async () => {
    const told: string[] = []
    const acceptor = new Acceptor({
      ...OPTIONS,
      vain: { perSecond: 0, burst: 2 },
      onApplicant: (applicant) => applicant.decline(),
      onRejected: ({ code }) => told.push(code)
    })
    for (let n = 0; n < 4; n++) assert.match(await say(acceptor, encodeHello(HELLO)), /"connected"/)
    for (let n = 0; n < 2; n++) await say(acceptor, 'garbage\n')
    assert.match(await say(acceptor, encodeHello(HELLO)), /"busy"/)
    assert.deepEqual(told, ['ERR_TCPNET_HELLO_INVALID', 'ERR_TCPNET_HELLO_INVALID', 'ERR_TCPNET_BUSY'])
  })
})
