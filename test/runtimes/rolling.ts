// A mesh of all runtimes, each on a host of the laboratory, changes its secret: its members are restarted one by one
// with [new, old], then one by one with [new]. Connections between the others stay, and each restarted member
// reconnects to all.
//   node out/test/runtimes/rolling.js NAME=COMMAND...     a command may have arguments, separated by blanks
import { strict as assert } from 'node:assert'
import { fileURLToPath } from 'node:url'
import { type Host, type Program, until, within, withLab } from '../lab/index.js'

const DEADLINE_MS = 60_000
const folder = fileURLToPath(new URL('.', import.meta.url))
const OLD = 'the old secret'
const NEW = 'the new secret'

class Member {
  readonly name: string
  readonly uuid: string
  readonly #host: Host
  readonly #command: readonly string[]
  #program: Program | null = null

  constructor(name: string, command: string, host: Host, uuid: string) {
    this.name = name
    this.#host = host
    this.#command = command.split(' ')
    this.uuid = uuid
  }

  async start(secrets: readonly string[]): Promise<void> {
    const command = [...this.#command, 'rolling-member.js', this.uuid, JSON.stringify(secrets)]
    this.#program = await this.#host.run(command, { cwd: folder })
  }

  async stop(): Promise<void> {
    this.#program?.endInput()
    const exit = await within(this.#program?.exit ?? assert.fail(), `${this.name} does not end`, DEADLINE_MS)
    assert.deepEqual(exit, { code: 0, signal: null }, this.name)
  }

  get #lines(): readonly string[] {
    return this.#program?.lines ?? []
  }

  #count(what: 'up' | 'down', { uuid }: Member): number {
    return this.#lines.filter((line) => line === `${what} ${uuid}`).length
  }

  isConnectedTo(other: Member): boolean {
    return this.#count('up', other) === this.#count('down', other) + 1
  }

  /** How many connections to the other member have ended. */
  losses(other: Member): number {
    return this.#count('down', other)
  }

  get story(): string {
    return `${this.name}: ${this.#lines.join(', ')} ${this.#program?.stderr}`
  }
}

async function mesh(members: readonly Member[]): Promise<void> {
  const isWhole = () => members.every((one) => members.every((other) => one === other || one.isConnectedTo(other)))
  await until(isWhole, 'no full mesh', DEADLINE_MS).catch((error: Error) => {
    throw new Error(`${error.message}\n${members.map(({ story }) => story).join('\n')}`)
  })
}

async function restart(members: readonly Member[], member: Member, secrets: readonly string[]): Promise<number> {
  const others = members.filter((other) => other !== member)
  const losses = () => others.flatMap((one) => others.map((other) => one.losses(other)))
  const before = losses()
  await member.stop()
  const start = performance.now()
  await member.start(secrets)
  await mesh(members)
  assert.deepEqual(losses(), before, 'a connection between others has ended')
  return performance.now() - start
}

await withLab(async (lab) => {
  const runtimes = process.argv.slice(2).map((argument) => argument.split(/=(.*)/) as [string, string])
  const hosts = await lab.hosts(runtimes.map(([name]) => name))
  const members = runtimes.map(([name, command], number) => {
    return new Member(name, command, hosts[number] ?? assert.fail(), `A${number}`)
  })
  for (const member of members) await member.start([OLD])
  await mesh(members)
  for (const secrets of [[NEW, OLD], [NEW]]) {
    for (const member of members) {
      const ms = await restart(members, member, secrets)
      console.log(`${member.name} with ${secrets.length} secrets: connected to all after ${Math.round(ms)} ms`)
    }
  }
  for (const member of members) await member.stop()
})
console.log('rolled')
