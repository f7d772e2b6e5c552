// The demo: three nodes run examples/demo.js, on three hosts of a lab, or on loopback where no lab can be made.
import { fileURLToPath } from 'node:url'
import { styleText } from 'node:util'
import { LabUnavailable } from './available.js'
import { Lab } from './lab.js'
import { Loopback } from './loopback.js'
import type { Program } from './program.js'
import { until } from './wait.js'

const NAMES = ['alpha', 'beta', 'gamma'] as const
const COLOURS = { alpha: 'cyan', beta: 'yellow', gamma: 'magenta' } as const

/** How many messages of each other node a node prints before the demo ends: one comes each second. */
const MESSAGES = 4
const TIMEOUT_MS = 30_000

/** The program to run; another one can be given in its place. */
const PROGRAM = process.argv[2] ?? fileURLToPath(new URL('../../../examples/demo.js', import.meta.url))

/** A place for the three nodes. */
interface Stage {
  description: string
  nodes: Program[]
  close: () => Promise<void>
}

async function labStage(): Promise<Stage> {
  const lab = await Lab.create()
  const hosts = await lab.hosts(NAMES).catch((err) => lab.close().then(() => Promise.reject(err)))
  const nodes = await Promise.all(hosts.map((host) => host.run([process.execPath, PROGRAM])))
  const described = hosts.map(({ name, ipv4 }) => `${name} (${ipv4})`).join(', ')
  return { description: `on three hosts of a network, ${described}`, nodes, close: () => lab.close() }
}

async function loopbackStage(why: LabUnavailable): Promise<Stage> {
  console.log(`demo: ${why.message}; on loopback instead`)
  const loopback = await Loopback.create()
  const nodes = await Promise.all(NAMES.map(() => loopback.run([process.execPath, PROGRAM, '127.0.0.1'])))
  return { description: 'on the loopback interface', nodes, close: () => loopback.close() }
}

async function stage(): Promise<Stage> {
  const why = await Lab.unavailable()
  return why === undefined ? await labStage() : await loopbackStage(why)
}

/** Prints what the node prints, and counts the messages that it got, by sender. */
function follow(node: Program, name: (typeof NAMES)[number]): Map<string, number> {
  const heard = new Map<string, number>()
  const prefix = process.stdout.isTTY ? styleText(COLOURS[name], name.padEnd(5)) : name.padEnd(5)
  node.follow((line) => {
    console.log(`${prefix} | ${line}`)
    const sender = /^([0-9A-F]+) says /.exec(line)?.[1]
    if (sender !== undefined) {
      heard.set(sender, (heard.get(sender) ?? 0) + 1)
    }
  })
  return heard
}

async function show({ description, nodes }: Stage): Promise<string> {
  const heard = nodes.map((node, i) => follow(node, NAMES[i] ?? 'alpha'))
  const isShown = () =>
    heard.every((senders) => senders.size === 2 && [...senders.values()].every((count) => count >= MESSAGES))
  const ended = () => nodes.find((node) => !node.running)
  await until(() => isShown() || ended(), TIMEOUT_MS, 'not every node got messages of the two others')
  if (ended() !== undefined) {
    throw new Error('a node ended before the demo did')
  }
  for (const node of nodes) {
    const { code } = await node.kill('SIGINT')
    if (code !== 0) {
      throw new Error(`a node ended with ${code}`)
    }
  }
  const total = heard.flatMap((senders) => [...senders.values()]).reduce((sum, count) => sum + count, 0)
  return `three nodes ${description}, found each other and printed ${total} messages, each those of the two others`
}

async function main(): Promise<void> {
  const set = await stage()
  try {
    console.log(`demo: ${await show(set)}`)
  } finally {
    await set.close()
  }
}

main().catch((err: unknown) => {
  console.error(`demo: ${err instanceof LabUnavailable ? err.message : String(err)}`)
  process.exitCode = 1
})
