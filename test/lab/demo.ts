// The demo: three nodes run examples/demo.js, on three hosts of a lab, or on loopback if no lab can be made.
import { fileURLToPath } from 'node:url'
import { styleText } from 'node:util'
import { until } from '../support/wait.js'
import { LabUnavailable } from './available.js'
import { Lab } from './lab.js'
import { Loopback } from './loopback.js'
import type { Program } from './program.js'
import { withLab } from './with-lab.js'

const NAMES = ['alpha', 'beta', 'gamma'] as const
const COLOURS = { alpha: 'cyan', beta: 'yellow', gamma: 'magenta' } as const

/** How many messages of each other node a node prints before the demo ends. One comes each second. */
const MESSAGES = 4
const TIMEOUT_MS = 30_000

/** The program to run. The first argument replaces it. */
const PROGRAM = process.argv[2] ?? fileURLToPath(new URL('../../../examples/demo.js', import.meta.url))

async function inLab(): Promise<string> {
  return await withLab(async (lab) => {
    const hosts = await lab.hosts(NAMES)
    const nodes = await Promise.all(hosts.map((host) => host.run([process.execPath, PROGRAM])))
    const described = hosts.map(({ name, ipv4 }) => `${name} (${ipv4})`).join(', ')
    return await show(nodes, `on three hosts of a network, ${described}`)
  })
}

async function onLoopback(why: LabUnavailable): Promise<string> {
  console.log(`demo: ${why.message}; on loopback instead`)
  const loopback = await Loopback.create()
  try {
    const nodes = await Promise.all(NAMES.map(() => loopback.run([process.execPath, PROGRAM, '127.0.0.1'])))
    return await show(nodes, 'on the loopback interface')
  } finally {
    await loopback.close()
  }
}

/** Prints the output of a node, and counts the messages that it got, by sender. */
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

async function show(nodes: readonly Program[], where: string): Promise<string> {
  const heard = nodes.map((node, i) => follow(node, NAMES[i] ?? 'alpha'))
  const isShown = () =>
    heard.every((senders) => senders.size === 2 && [...senders.values()].every((count) => count >= MESSAGES))
  const ended = () => nodes.find((node) => !node.running)
  await until(() => isShown() || ended(), 'not every node got messages of the two others', TIMEOUT_MS)
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
  return `three nodes ${where}, found each other and printed ${total} messages, each those of the two others`
}

async function main(): Promise<void> {
  const why = await Lab.unavailable()
  console.log(`demo: ${why === undefined ? await inLab() : await onLoopback(why)}`)
}

// The lab ends with this process.
process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143))
main().catch((err: unknown) => {
  console.error(`demo: ${err instanceof LabUnavailable ? err.message : String(err)}`)
  process.exitCode = 1
})
