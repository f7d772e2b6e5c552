// examples/python/member.py, which was written from docs/protocol.md only, in a mesh of three nodes.
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { type Host, labTest, type Program } from '../lab/index.js'
import { closeAll, firstMesh } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'

const MEMBER = fileURLToPath(new URL('../../../examples/python/member.py', import.meta.url))

const is = (wanted: string) => (line: string) => line === wanted

async function startMember(host: Host): Promise<{ program: Program; uuid: string }> {
  const program = await host.run(['python3', MEMBER, 'snakes'])
  const line = await program.line(/^listening /, 'the Python member does not listen')
  return { program, uuid: line.split(' ')[1] ?? '' }
}

/** Each node gets the bytes of the member, and the member those of each node, once more than before. */
async function exchange(nodes: readonly Node[], { program, uuid }: { program: Program; uuid: string }): Promise<void> {
  for (const node of nodes) {
    await node.until(({ open }) => open.has(uuid), 'not connected to the Python member')
    await node.until(
      (ledger) => ledger.all('text').some((event) => event.peer === uuid && event.text === `hello from ${uuid}`),
      'the bytes of the Python member do not arrive'
    )
    await node.ask({ ask: 'send', peer: uuid, text: `greetings from ${node.host.name}` })
    await program.line(is(`heard ${node.uuid} greetings from ${node.host.name}`), 'the bytes of a node do not arrive')
  }
}

labTest(
  'a member in Python joins three nodes, is killed, comes back, and connects to a node that restarts',
  async (lab) => {
    const [alpha, beta, gamma, snake] = await lab.hosts(['alpha', 'beta', 'gamma', 'snake'])
    const settings = { name: 'snakes', driver: 'avahi' } as const
    const nodes = await Promise.all([
      Node.start(alpha, settings),
      Node.start(beta, settings),
      Node.start(gamma, { name: 'snakes', driver: 'embedded' })
    ])
    await firstMesh(nodes)

    const first = await startMember(snake)
    await exchange(nodes, first)
    await first.program.kill()
    for (const node of nodes) await node.until(({ open }) => !open.has(first.uuid), 'the killed member stays connected')

    const second = await startMember(snake)
    await exchange(nodes, second)
    const [left, ...rest] = nodes
    assert.ok(left !== undefined)
    await left.process.kill()
    await second.program.line(is(`lost ${left.uuid}`), 'the Python member does not notice a killed node')
    // At the same time, so that dials cross, including those of two Python members.
    const [back, third] = await Promise.all([Node.start(alpha, settings), startMember(snake)])
    await exchange([...rest, back], second)
    await exchange([...rest, back], third)
    await second.program.line(is(`heard ${third.uuid} hello from ${third.uuid}`), 'the Python members do not meet')
    await third.program.line(is(`heard ${second.uuid} hello from ${second.uuid}`), 'the Python members do not meet')
    for (const node of [...rest, back]) {
      assert.deepEqual(node.ledger.all('rejected'), [], 'a line of the Python member was rejected')
    }
    await Promise.all([second, third].map(({ program }) => program.kill('SIGTERM')))
    await closeAll([...rest, back])
  }
)
