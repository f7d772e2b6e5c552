// Hosts with daemons that announce services of several clusters, and one without: `tcpnet list` on it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Host, sharedLab, skipWithoutLab as skip, within } from '../lab/index.js'
import { Node } from '../programs/node-client.js'
import { cli, SOON_MS, shell } from './program.js'

/** Services on one host: more than an answer of Avahi's to a one-shot query has room for. */
const MANY = 9

interface Listed {
  readonly event?: string
  readonly cluster: string
  readonly uuid: string
  readonly host: string
  readonly port: number
  readonly security: string
  readonly addresses: readonly { address: string; interface: string }[]
}

/** Runs a command on a host to its end. */
async function listed(
  host: Host,
  args: readonly string[],
  code = 0
): Promise<{ lines: readonly string[]; stderr: string }> {
  const program = await cli(host, ['list', ...args])
  const exit = await within(program.exit, 'list does not end', SOON_MS)
  assert.deepEqual(exit, { code, signal: null }, `${program.lines.join('\n')}\n${program.stderr}`)
  return program
}

describe('tcpnet list', { skip }, () => {
  const shared = sharedLab(async (lab) => {
    const [alpha, beta, looker] = await Promise.all([
      lab.host('alpha'),
      lab.host('beta'),
      lab.host('looker', { avahi: false })
    ])
    const nodes = await Promise.all([
      Node.start(alpha, { name: 'open-one', driver: 'avahi' }),
      Node.start(beta, { name: 'open-one', driver: 'avahi' }),
      Node.start(beta, { name: 'loop', driver: 'avahi', address: '127.0.0.1' })
    ])
    const secured = await cli(beta, ['join', 'closed-one', '--stay', '--json'], { env: { TCPNET_SECRET: 'a secret' } })
    const told = await secured.line(/"listening"/, 'no secured member', SOON_MS)
    return { alpha, beta, looker, nodes, closed: JSON.parse(told) as { uuid: string; port: number } }
  })

  test('all clusters, with uuid, host, port, addresses and security; nothing that is no tcpnet service', async () => {
    const { alpha, beta, looker, nodes, closed } = shared.hosts
    const stranger = await beta.run(['avahi-publish', '-s', 'ABCDEF', '_open-one._tcp', '7000', 'path=/'])
    await stranger.errorLine(/^Established/, 'the stranger is not announced')
    const { lines } = await listed(looker, ['--json'])
    const all = lines.map((line) => JSON.parse(line) as Listed)
    const [one, other] = nodes.map(({ listening }) => listening)
    const expected = [
      { cluster: 'closed-one', uuid: closed.uuid, host: 'beta.local', port: closed.port, security: 'secret' },
      { cluster: 'open-one', uuid: one?.uuid, host: 'alpha.local', port: one?.port, security: 'none' },
      { cluster: 'open-one', uuid: other?.uuid, host: 'beta.local', port: other?.port, security: 'none' }
    ]
    const byPort = (a: { port?: number | undefined }, b: { port?: number | undefined }) => (a.port ?? 0) - (b.port ?? 0)
    const found = all.map(({ cluster, uuid, host, port, security }) => ({ cluster, uuid, host, port, security }))
    assert.deepEqual(found.sort(byPort), expected.sort(byPort))
    const { addresses } = all.find(({ uuid }) => uuid === one?.uuid) ?? assert.fail('alpha is listed')
    // Avahi announces no link-local address if there are others.
    assert.deepEqual(addresses.map(({ address }) => address).sort(), [alpha.ipv4, alpha.ipv6].sort())
    assert.deepEqual(new Set(addresses.map(({ interface: name }) => name)), new Set(['eth0']))
    await stranger.kill()
  })

  test('one cluster, as lines; one of which nothing is there: exit code 1', async () => {
    const { looker } = shared.hosts
    const { lines } = await listed(looker, ['open-one', '--wait', '0.5'])
    assert.equal(lines.length, 2)
    for (const line of lines)
      assert.match(line, /^open-one {8}[0-9A-F]{32} (alpha|beta)\.local +\d+ open {5}10\.\d+\.\d+\.\d /)
    const nothing = await listed(looker, ['open-two', '--wait', '0.2'], 1)
    assert.match(nothing.stderr, /no service of the cluster "open-two" was found\. "npx tcpnet doctor open-two"/)
  })

  test('all services of a host that has many', async () => {
    const { beta, looker } = shared.hosts
    const crowd = await Promise.all(
      Array.from({ length: MANY }, () => Node.start(beta, { name: 'crowd', driver: 'avahi' }))
    )
    const { lines } = await listed(looker, ['crowd', '--json'])
    const found = lines.map((line) => (JSON.parse(line) as Listed).uuid)
    assert.deepEqual(found.sort(), crowd.map(({ uuid }) => uuid).sort(), lines.join('\n'))
    await Promise.all(crowd.map((node) => node.close()))
  })

  test('--watch shows services that come and go, including those of the same host; Ctrl-C ends it', async () => {
    const { alpha, looker } = shared.hosts
    const watcher = await cli(looker, ['list', 'comers', '--watch', '--json'])
    const own = await cli(alpha, ['list', 'comers', '--watch'])
    const node = await Node.start(alpha, { name: 'comers', driver: 'avahi' })
    await watcher.line(new RegExp(`"event":"found".*${node.uuid}`), 'the service is not found', SOON_MS)
    await own.line(new RegExp(`^\\+ comers +${node.uuid}`), 'the service is not found by its own host', SOON_MS)
    await node.close()
    await watcher.line(new RegExp(`"event":"gone".*${node.uuid}`), 'the service does not go', SOON_MS)
    await own.line(new RegExp(`^- comers +${node.uuid}`), 'the service does not go for its own host', SOON_MS)
    assert.deepEqual(await watcher.kill('SIGINT'), { code: 130, signal: null })
    assert.deepEqual(await own.kill('SIGHUP'), { code: 129, signal: null })
  })

  test('the first service is shown within 300 ms of the start of the process, or six times that of bare Node', async (t) => {
    const { looker } = shared.hosts
    const timed = async (command: string) => {
      const clock = 'date +%s%3N'
      const program = await shell(
        looker,
        `start=$(${clock}); ${command} | { read -r first; echo $(( $(${clock}) - start )); }`
      )
      await within(program.exit, 'it does not end', SOON_MS)
      return Number(program.lines[0])
    }
    // In turns, because other tests run at the same time.
    const ratios: { list: number; bare: number }[] = []
    for (let i = 0; i < 3; i++)
      ratios.push({ bare: await timed('"$NODE" --print 1'), list: await timed('tcpnet list --wait 1') })
    t.diagnostic(JSON.stringify(ratios))
    assert.ok(
      ratios.some(({ list, bare }) => list < Math.max(300, 6 * bare)),
      JSON.stringify(ratios)
    )
  })
})
