// What an eavesdropper on the link can see: three hosts mesh and exchange data while one of them captures all packets.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { deriveKeys } from '#tcpnet/security/secret-keys.js'
import { type Host, sharedLab, skipWithoutLab, until } from '../lab/index.js'
import { closeAll, everybodyTalks, firstMesh } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import { Authority, type Credentials } from './certificates.js'
import { readStreams, type Stream } from './pcap.js'
import { EXTENSIONS, HELLO_RETRY, readHello, readRecords } from './tls-records.js'

const SECRET = 'nobody may read this secret'
const PAYLOAD = 'nobody may read this payload'
/** Groups of RFC 8446 §4.2.7 and draft-ietf-tls-ecdhe-mlkem: a fresh key for each connection. */
const GROUPS = new Map([
  [0x001d, 'x25519'],
  [0x0017, 'secp256r1'],
  [0x0018, 'secp384r1'],
  [0x11ec, 'X25519MLKEM768']
])

/**
 * Writes all frames of an interface into a pcap file (draft-ietf-opsawg-pcap), and at SIGTERM prints how many it
 * missed. tcpdump does the same, but ends if it cannot change its groups, as in a plain user's namespace
 * (user_namespaces(7)).
 */
const CAPTURE = `
import signal, socket, struct, sys
PACKET_STATISTICS, SOL_PACKET = 6, 263
interface, path = sys.argv[1:]
frames = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
frames.bind((interface, 0))
file = open(path, 'wb', 0)
file.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 1 << 18, 1))
def end(*_):
    print(struct.unpack('II', frames.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1], 'frames were missed', flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, end)
print('listening', flush=True)
while True:
    frame = frames.recv(1 << 18)
    file.write(struct.pack('<IIII', 0, 0, len(frame), len(frame)) + frame)
`

/** A port on which no program listens. */
const LAST_PORT = 9
const KNOCK = `require('node:net').connect(${LAST_PORT}, process.argv[1]).on('error', () => {})`

const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta', 'gamma']))
const authority = new Authority('the cluster')

interface Talk {
  readonly streams: Stream[]
  readonly nodes: readonly Node[]
}

/** The TCP connections of a mesh, from before the first until after the last. */
async function capture(name: string, settings: (host: Host) => object): Promise<Talk> {
  const [alpha, beta] = shared.hosts
  const folder = await mkdtemp(join(tmpdir(), 'tcpnet-capture-'))
  const file = join(folder, 'capture.pcap')
  try {
    const capturing = await alpha.run(['python3', '-c', CAPTURE, 'eth0', file])
    await capturing.line(/^listening$/, 'nothing is captured')
    const nodes = await Promise.all(
      shared.hosts.map((host) => Node.start(host, { name, driver: 'avahi', ...settings(host) }))
    )
    await firstMesh(nodes)
    await everybodyTalks(nodes, PAYLOAD)
    await closeAll(nodes)
    // The last packets: when they are in the file, all earlier ones are.
    await beta.exec([process.execPath, '-e', KNOCK, alpha.ipv4])
    const streams = await until(() => {
      const read = readStreams(file)
      return read.some(({ to }) => to === `${alpha.ipv4}:${LAST_PORT}`) && read
    }, 'the end was not captured')
    await capturing.kill('SIGTERM')
    assert.deepEqual(capturing.lines.slice(1), ['0 frames were missed'], capturing.stderr)
    return { streams, nodes }
  } finally {
    await rm(folder, { recursive: true })
  }
}

function finds(streams: readonly Stream[], what: string | Buffer): boolean {
  return streams.some(({ bytes }) => bytes.includes(what))
}

/** The data that must not be visible, each in every form in which it could be sent. */
async function forbidden(name: string, nodes: readonly Node[]): Promise<(string | Buffer)[]> {
  const [key] = await deriveKeys([SECRET], name)
  assert.ok(key !== undefined)
  const uuids = nodes.flatMap(({ uuid }) => [uuid, uuid.toLowerCase(), Buffer.from(uuid, 'hex')])
  return [
    PAYLOAD,
    SECRET,
    key,
    key.toString('hex'),
    '"cpace"',
    '"proof"',
    '"tcpnet"',
    '"boot"',
    '"status"',
    name,
    ...uuids
  ]
}

/** Fails unless each connection is TLS 1.3 with an ephemeral group, and encrypted after the ServerHello. */
function assertTls13(streams: readonly Stream[], t: { diagnostic: (line: string) => void }): void {
  const dialed = streams.filter(({ bytes }) => bytes.length > 0 && readHello(readRecords(bytes)[0]).type === 1)
  assert.ok(dialed.length >= 2, `${dialed.length} connections were captured`)
  const groups = new Set<string>()
  for (const { from, to, bytes } of dialed) {
    const back = streams.find((stream) => stream.from === to && stream.to === from)
    const answers = readRecords(back?.bytes ?? Buffer.alloc(0))
    // A dial that lost against a crossing one may have got no answer.
    if (answers.length === 0) continue
    const client = readHello(readRecords(bytes)[0])
    const [server, ...rest] = answers.filter(({ type }) => type === 22).map(readHello)
    assert.ok(server !== undefined && server.random.toString('hex') !== HELLO_RETRY)
    assert.deepEqual(rest, [], 'a second message is in clear')
    assert.deepEqual(server.extensions.get(EXTENSIONS.supportedVersions), Buffer.of(3, 4), 'not TLS 1.3')
    const group = GROUPS.get(server.extensions.get(EXTENSIONS.keyShare)?.readUInt16BE(0) ?? 0)
    assert.ok(group !== undefined, 'no known ephemeral group')
    groups.add(`${group}, suite ${server.cipherSuite?.toString(16)}`)
    // No session is resumed, and no pre-shared key is named.
    for (const { extensions } of [client, server]) assert.ok(!extensions.has(EXTENSIONS.preSharedKey))
    assert.ok(!client.extensions.has(EXTENSIONS.earlyData), 'early data could be replayed')
    assert.ok(!client.extensions.has(EXTENSIONS.serverName), 'the ClientHello names something')
    const clear = [...readRecords(bytes).slice(1), ...answers].filter(({ type }) => type === 22)
    assert.equal(clear.length, 1, 'only the two hellos are in clear')
  }
  t.diagnostic(`${dialed.length} connections: ${[...groups].join('; ')}`)
}

describe('an eavesdropper', { skip: skipWithoutLab }, () => {
  test('sees all data without security, so this test can fail', async () => {
    const name = 'seen-none'
    const { streams, nodes } = await capture(name, () => ({}))
    for (const what of [PAYLOAD, '"tcpnet"', '"boot"', '"status"', name, ...nodes.map(({ uuid }) => uuid)]) {
      assert.ok(finds(streams, what), `${what} is not visible`)
    }
    assert.throws(() => readRecords(streams.find(({ bytes }) => bytes.length > 0)?.bytes ?? Buffer.alloc(0)))
  })

  test('sees TLS 1.3 with an ephemeral group if there is a secret, and no content', async (t) => {
    const name = 'seen-secret'
    const { streams, nodes } = await capture(name, () => ({ secret: SECRET }))
    assertTls13(streams, t)
    for (const what of await forbidden(name, nodes)) assert.ok(!finds(streams, what), `${what} is visible`)
  })

  test('sees TLS 1.3 with an ephemeral group if there are certificates, and none of the certificates', async (t) => {
    const name = 'seen-tls'
    const issued = new Map<Host, Credentials>(
      shared.hosts.map((host) => [host, authority.issue(`member-${host.name}`)])
    )
    const { streams, nodes } = await capture(name, (host) => ({ tls: issued.get(host) }))
    assertTls13(streams, t)
    const names = ['the cluster', ...shared.hosts.map((host) => `member-${host.name}`)]
    for (const what of [...(await forbidden(name, nodes)), ...names]) {
      assert.ok(!finds(streams, what), `${what} is visible`)
    }
  })
})
