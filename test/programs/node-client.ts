// Nodes on the hosts of a lab: starts them, waits for their events, sends them requests.
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { type Exit, type Host, type Program, within } from '../lab/index.js'
import { Ledger } from './ledger.js'
import type { Answer, NodeEvent, NodeSettings, PeerReport, Request, Stats } from './protocol.js'

const PROGRAM = fileURLToPath(new URL('node.js', import.meta.url))
/** Milliseconds for steps that take almost none on an idle machine. */
const SOON_MS = 30_000
/** Milliseconds from a service's `close` to the end of its process: no timer may be left to wait for. */
const END_MS = 4500

let commands = 0

/** A process on a host that runs one service or several. */
export class NodeProcess {
  readonly host: Host
  readonly program: Program
  readonly nodes: readonly Node[]
  readonly #ledgers: readonly Ledger[]
  readonly #answers = new Map<number, Answer>()
  #read = 0

  private constructor(host: Host, program: Program, services: number) {
    this.host = host
    this.program = program
    this.#ledgers = Array.from({ length: services }, () => new Ledger())
    this.nodes = this.#ledgers.map((ledger, number) => new Node(this, number, ledger))
  }

  /**
   * Resolves when it runs; it does not listen yet.
   *
   * @param path a build of the program node.ts other than the one beside this file
   * @param env variables in addition to the test's own
   */
  static async start(
    host: Host,
    settings: NodeSettings,
    path = PROGRAM,
    env: NodeJS.ProcessEnv = {}
  ): Promise<NodeProcess> {
    const command = [process.execPath, '--expose-gc', path, JSON.stringify(settings)]
    return new NodeProcess(host, await host.run(command, { env }), settings.services ?? 1)
  }

  /** Resolves with the fact; rejects with the sentence if it does not come in time, or if a promise was broken. */
  async until<T>(fact: () => T | undefined | false, sentence: string, timeoutMs = SOON_MS): Promise<T> {
    const end = Date.now() + timeoutMs
    for (;;) {
      this.#readLines()
      const value = fact()
      if (value !== undefined && value !== false) return value
      const next = this.#read
      await this.program.line(() => true, `${this.host.name}: ${sentence}`, Math.max(end - Date.now(), 1), next)
    }
  }

  async ask(service: number, request: Request): Promise<Answer['value']> {
    const id = commands++
    this.program.write(JSON.stringify({ ...request, id, service }))
    const answer = await this.until(() => this.#answers.get(id), `no answer to ${request.ask}`)
    this.#answers.delete(id)
    return answer.value
  }

  /**
   * Resolves when the process has ended by itself after its services closed. Fails unless the code is 0 and standard
   * error is empty.
   */
  async ended(): Promise<void> {
    const exit = await within(
      this.program.exit,
      `${this.host.name}: something keeps the process alive after close`,
      END_MS
    )
    this.#readLines()
    assert.deepEqual([exit, this.program.stderr], [{ code: 0, signal: null }, ''], this.host.name)
  }

  /** Sends SIGKILL, or another signal. Fails if the process has written on standard error. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    const exit = await this.program.kill(signal)
    assert.equal(this.program.stderr, '', `${this.host.name}: standard error`)
    return exit
  }

  /** Adds the new lines to the ledgers. */
  refresh(): void {
    this.#readLines()
  }

  #readLines(): void {
    const { lines } = this.program
    while (this.#read < lines.length) {
      const line = JSON.parse(lines[this.#read++] ?? '') as NodeEvent | Answer
      if ('reply' in line) this.#answers.set(line.reply, line)
      else this.#ledgers[line.service]?.add(line)
    }
    for (const ledger of this.#ledgers) ledger.assertKept()
  }
}

/** A service in a process on a host. */
export class Node {
  readonly process: NodeProcess
  readonly #number: number
  readonly #ledger: Ledger

  constructor(process: NodeProcess, number: number, ledger: Ledger) {
    this.process = process
    this.#number = number
    this.#ledger = ledger
  }

  /** Starts a process of one service; resolves when it listens. */
  static async start(host: Host, settings: NodeSettings): Promise<Node> {
    const node = await Node.prepare(host, settings)
    await node.listen()
    return node
  }

  /** Starts a process of one service that does not listen yet. */
  static async prepare(host: Host, settings: NodeSettings, path?: string): Promise<Node> {
    const { nodes } = await NodeProcess.start(host, settings, path)
    return nodes[0] ?? assert.fail('a process has at least one service')
  }

  get host(): Host {
    return this.process.host
  }

  get ledger(): Ledger {
    this.process.refresh()
    return this.#ledger
  }

  /** The event `listening`. */
  get listening(): NodeEvent & { event: 'listening' } {
    return this.ledger.all('listening')[0] ?? assert.fail(`${this.host.name} does not listen`)
  }

  get uuid(): string {
    return this.listening.uuid
  }

  /** Resolves when the service listens. */
  async listen(): Promise<void> {
    await this.ask({ ask: 'listen' })
    await this.event('listening', 'the service does not listen')
  }

  async ask(request: Request): Promise<Answer['value']> {
    return await this.process.ask(this.#number, request)
  }

  /** The driver in use; null if it is not decided. */
  async driver(): Promise<string | null> {
    return (await this.ask({ ask: 'driver' })) as string | null
  }

  async peers(): Promise<PeerReport[]> {
    return (await this.ask({ ask: 'peers' })) as PeerReport[]
  }

  async stats(): Promise<Stats> {
    return (await this.ask({ ask: 'stats' })) as Stats
  }

  /** Resolves with the fact, which is checked after every line that the process prints. */
  async until<T>(fact: (ledger: Ledger) => T | undefined | false, sentence: string, timeoutMs?: number): Promise<T> {
    return await this.process.until(() => fact(this.#ledger), sentence, timeoutMs)
  }

  /** The first event of a kind after `after` others of that kind. */
  async event<Kind extends NodeEvent['event']>(
    kind: Kind,
    sentence: string,
    { after = 0, timeoutMs }: { after?: number; timeoutMs?: number } = {}
  ): Promise<NodeEvent & { event: Kind }> {
    return await this.until((ledger) => ledger.all(kind)[after], sentence, timeoutMs)
  }

  /** Resolves when the open connections are exactly those to these nodes. */
  async connectedTo(others: readonly Node[], timeoutMs?: number): Promise<void> {
    const wanted = others.map(({ uuid }) => uuid).sort()
    const isThere = ({ open }: Ledger) => String([...open.keys()].sort()) === String(wanted)
    await this.until(isThere, `not connected to exactly ${wanted.map((uuid) => uuid.slice(0, 8))}`, timeoutMs)
  }

  /** Sends a line to a peer; resolves when it has arrived. */
  async says(text: string, to: Node, timeoutMs?: number): Promise<void> {
    const arrived = (ledger: Ledger) =>
      ledger.all('text').filter((event) => event.peer === this.uuid && event.text === text).length
    const before = arrived(to.ledger)
    await this.ask({ ask: 'send', peer: this.uuid === to.uuid ? assert.fail('to itself') : to.uuid, text })
    await to.until((ledger) => arrived(ledger) > before, `"${text}" of ${this.host.name} does not arrive`, timeoutMs)
  }

  /** Closes the service; resolves when it is closed. */
  async close(): Promise<void> {
    await this.ask({ ask: 'close' })
    await this.event('close', 'close does not come')
  }
}
