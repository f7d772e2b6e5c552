// examples/python/member.py, which was written from docs/protocol.md alone, in a mesh of three nodes.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Host, labTest, type Program, until } from '../lab/index.js'
import { closeAll, firstMesh } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'

const MEMBER = fileURLToPath(new URL('../../../examples/python/member.py', import.meta.url))
/** Hellos and answers have this flag; what opens, acknowledges and closes a connection does not. */
const DATA = 'tcp flags & psh == psh'

interface Member {
  readonly host: Host
  readonly program: Program
  readonly uuid: string
}

async function startMember(host: Host): Promise<Member> {
  const program = await host.run(['python3', MEMBER, 'snakes'])
  const line = await program.line(/^listening [0-9A-F]{32}$/, 'the Python member does not listen')
  return { host, program, uuid: line.slice('listening '.length) }
}

async function hears({ program, host }: Member, uuid: string, text: string): Promise<void> {
  await program.line((line) => line === `heard ${uuid} ${text}`, `${host.name}: "${text}" does not arrive`)
}

/** Each node gets the bytes of the member, and the member those of each node. */
async function exchange(nodes: readonly Node[], member: Member): Promise<void> {
  const { uuid } = member
  for (const node of nodes) {
    await node.until(({ open }) => open.has(uuid), 'not connected to the Python member')
    await node.until(
      (ledger) => ledger.all('text').some((event) => event.peer === uuid && event.text === `hello from ${uuid}`),
      'the bytes of the Python member do not arrive'
    )
    await node.ask({ ask: 'send', peer: uuid, text: `greetings from ${node.host.name}` })
    await hears(member, node.uuid, `greetings from ${node.host.name}`)
  }
}

async function meet(one: Member, other: Member): Promise<void> {
  await hears(one, other.uuid, `hello from ${other.uuid}`)
  await hears(other, one.uuid, `hello from ${one.uuid}`)
}

/** An ended process stays a zombie where its parent ended first and process 1 of the namespace does not collect it. */
function isRunning(pid: string): boolean {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** Ends a member with a signal: its helpers end with it, and the nodes neither see it nor are connected with it. */
async function end(member: Member, nodes: readonly Node[], signal: NodeJS.Signals): Promise<void> {
  const { program, uuid, host } = member
  const helpers = readFileSync(`/proc/${program.pid}/task/${program.pid}/children`, 'utf8').split(' ').filter(Boolean)
  assert.ok(helpers.length >= 2, 'a member has a process that announces it and one that browses')
  assert.deepEqual(
    await program.kill(signal),
    signal === 'SIGKILL' ? { code: null, signal } : { code: 0, signal: null }
  )
  await until(() => !helpers.some(isRunning), `${host.name}: helpers outlive the member`, 5000)
  for (const node of nodes) {
    await node.until(({ open }) => !open.has(uuid), 'the ended member stays connected')
    const isGone = async () => !(await node.peers()).some((peer) => peer.uuid === uuid && peer.announced)
    await until(isGone, `${node.host.name} sees the ended member`, 5000)
  }
}

/** The established TCP connections of a host. Addresses are without scope, and IPv4-mapped ones in IPv4 form. */
async function connectionsOf(host: Host): Promise<{ port: number; to: string }[]> {
  const lines = (await host.exec(['ss', '-Htn', 'state', 'established'])).trim().split('\n').filter(Boolean)
  return lines.map((line) => {
    const [, , here = '', there = ''] = line.split(/\s+/)
    const to = there.slice(0, there.lastIndexOf(':')).replace(/^\[(?:::ffff:)?|%[^\]]*|\]$/g, '')
    return { port: Number(here.slice(here.lastIndexOf(':') + 1)), to }
  })
}

async function portOf({ host }: Member): Promise<number> {
  const [line = ''] = (await host.exec(['ss', '-Htln'])).split('\n')
  return Number(/:(\d+)\s/.exec(line)?.[1] ?? assert.fail(`${host.name} has no listener`))
}

/** Whether a member has two connections with each of these hosts, of which it has dialed one. */
async function isCrossing(member: Member, hosts: readonly Host[]): Promise<boolean> {
  const [listening, connections] = await Promise.all([portOf(member), connectionsOf(member.host)])
  return hosts.every((host) => {
    const ours = connections.filter(({ to }) => host.addresses.includes(to))
    return [true, false].every((isDialed) => ours.some(({ port }) => (port !== listening) === isDialed))
  })
}

async function onePerPair(member: Member, hosts: readonly Host[]): Promise<void> {
  const isSo = async () => {
    const connections = await connectionsOf(member.host)
    return hosts.every((host) => connections.filter(({ to }) => host.addresses.includes(to)).length === 1)
  }
  await until(isSo, `${member.host.name} does not have one connection with each other host`)
}

test('a member in Python reads TXT as avahi-browse prints it: the last string first', () => {
  const cases: [txt: string, isDialed: boolean][] = [
    ['"sec=none" "v=1"', true],
    ['"v=1"', true],
    ['', true],
    ['"x=\\"sec=tls\\";y" "SEC=none"', true],
    ['"sec=tls" "sec=none"', true],
    ['"sec=none" "sec=tls"', false],
    ['"sec"', false],
    ['"Sec=secret" "v=1"', false],
    ['"sec=nonesuch"', false]
  ]
  const ask =
    'import json, member, sys; print(json.dumps([member.place_to_dial("lo", "127.0.0.1", "4711", t) for t in sys.argv[1:]]))'
  const options = {
    encoding: 'utf8',
    env: { ...process.env, PYTHONPATH: dirname(MEMBER), PYTHONDONTWRITEBYTECODE: '1' }
  } as const
  const places = JSON.parse(execFileSync('python3', ['-c', ask, ...cases.map(([txt]) => txt)], options)) as unknown[]
  assert.deepEqual(
    places.map((place, at) => [cases[at]?.[0], place !== null]),
    cases
  )
})

labTest('members in Python join three nodes, are killed, come back, and meet a node that restarts', async (lab) => {
  const [alpha, beta, gamma, snake] = await lab.hosts(['alpha', 'beta', 'gamma', 'snake'])
  const settings = { name: 'snakes', driver: 'avahi' } as const
  const nodes = await Promise.all([
    Node.start(alpha, settings),
    Node.start(beta, settings),
    Node.start(gamma, { name: 'snakes', driver: 'embedded' })
  ])
  await firstMesh(nodes)

  // The first member can only accept, the second can only dial.
  await snake.drop({ tcpSyn: true, direction: 'out' })
  const first = await startMember(snake)
  await exchange(nodes, first)
  await end(first, nodes, 'SIGKILL')
  await snake.clearFilters()

  await snake.drop({ tcpSyn: true, direction: 'in' })
  const second = await startMember(snake)
  await exchange(nodes, second)
  await snake.clearFilters()

  const [left, ...rest] = nodes
  assert.ok(left !== undefined)
  await left.process.kill()
  const isLost = (line: string) => line === `lost ${left.uuid}`
  await second.program.line(isLost, 'the Python member does not notice a killed node')

  const [back, third] = await Promise.all([Node.start(alpha, settings), startMember(snake)])
  const now = [...rest, back]
  await exchange(now, second)
  await exchange(now, third)
  await meet(second, third)
  for (const { ledger } of now) assert.deepEqual(ledger.all('rejected'), [], 'a line of a Python member was rejected')
  await end(third, now, 'SIGTERM')
  assert.match(third.program.stderr, /^(Got SIGTERM, quitting\.\n?)*$/, 'more than what its helpers say at their end')

  // Avahi's tools end with their daemon. The member announces itself again, and finds and dials a node that came meanwhile.
  await snake.avahi.stop()
  await back.process.kill()
  await snake.drop({ tcpSyn: true, direction: 'in' })
  const last = await Node.start(alpha, settings)
  await snake.avahi.start()
  await exchange([...rest, last], second)
  const isAnnounced = async () => (await last.peers()).some(({ uuid, announced }) => uuid === second.uuid && announced)
  await until(isAnnounced, 'the Python member is not announced after a restart of its daemon')
  await end(second, [...rest, last], 'SIGTERM')
  await closeAll([...rest, last])
})

labTest('all dials of two members in Python cross those of three nodes and of each other', async (lab) => {
  const [alpha, beta, gamma, snake, viper] = await lab.hosts(['alpha', 'beta', 'gamma', 'snake', 'viper'])
  const nodes = await Promise.all([
    // Lower and higher than the members, whose uuids have 32 digits.
    Node.start(alpha, { name: 'snakes', driver: 'avahi', uuid: '1' }),
    Node.start(beta, { name: 'snakes', driver: 'avahi', uuid: 'F'.repeat(63) }),
    Node.start(gamma, { name: 'snakes', driver: 'embedded' })
  ])
  await firstMesh(nodes)
  for (const host of [snake, viper]) await host.drop({ match: DATA })

  const members = await Promise.all([snake, viper].map(startMember))
  const [one, other] = members
  assert.ok(one !== undefined && other !== undefined)
  const all = [alpha, beta, gamma, snake, viper]
  const others = ({ host }: Member) => all.filter((each) => each !== host)
  // Each pair has two connections now, and each of them a hello that is lost until it is sent again.
  const areCrossing = async () =>
    (await Promise.all(members.map((each) => isCrossing(each, others(each))))).every(Boolean)
  await until(areCrossing, 'the dials do not cross')
  for (const host of [snake, viper]) await host.clearFilters()

  for (const member of members) await exchange(nodes, member)
  await meet(one, other)
  for (const member of members) await onePerPair(member, others(member))
  for (const member of members) await end(member, nodes, 'SIGTERM')
  await closeAll(nodes)
})
