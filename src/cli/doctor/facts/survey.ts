import { readFileSync } from 'node:fs'
import type { InterfaceAddress } from '../../../addon.js'
import { interfacesNow, isOwn } from '../../../net/addresses.js'
import { listInterfaces } from '../../../net/interfaces.js'
import { Directory } from '../../mdns/directory.js'
import { Inquiry, type ReceivedMessage, type Trouble } from '../../mdns/inquiry.js'
import type { InterfaceSurvey, Survey } from '../machine.js'
import { TRIAL_NAME } from './trial.js'

/** Milliseconds between two rounds of questions (RFC 6762 §5.2), and after the last. */
const [ROUND_MS, LAST_MS] = [1000, 700]
/** When missing records are asked for, in milliseconds. */
const SOON_MS = [50, 250]
/** If no host answers, each address of a subnet is asked directly, unless the prefix is shorter than this. */
const SMALLEST_PREFIX = 24
/** The number of addresses that are asked at once, and the milliseconds before the next ones. */
const [BATCH, BATCH_MS] = [32, 20]
/** Milliseconds for the link layer to resolve addresses (ARP). */
const NEIGHBOURS_MS = 1000
/** Milliseconds to wait for answers, including multicast ones (RFC 6762 §6). */
const ANSWER_MS = 300

/** The facts of one interface, which are added as messages are received. */
class InterfaceFacts {
  heardItself = false
  foundTrial = false
  readonly unicastFrom = new Set<string>()
  readonly multicastFrom = new Set<string>()
  readonly multicastAnswers = new Set<string>()
  readonly answeredDirectly = new Set<string>()
  isSweeping = false
}

/** Asks which hosts and services are on the network, and collects the answers and other messages. */
export class Surveyor {
  readonly #trialUuid: () => string
  readonly #directory = new Directory(null)
  readonly #facts = new Map<string, InterfaceFacts>()
  readonly #troubles: Trouble[] = []
  readonly #interfaces: InterfaceAddress[]
  readonly #inquiry: Inquiry
  #hasAskedForHosts = false

  /** @param trialUuid the uuid of a service of this machine in the cluster {@link TRIAL_NAME} */
  constructor(name: string | null, trialUuid: () => string) {
    this.#trialUuid = trialUuid
    this.#interfaces = listInterfaces().filter(({ up }) => up)
    for (const { name } of this.#interfaces) this.#facts.set(name, new InterfaceFacts())
    this.#inquiry = new Inquiry({
      interfaces: this.#interfaces,
      onMessage: (message) => this.#onMessage(message),
      onTrouble: (trouble) => this.#troubles.push(trouble)
    })
    this.#directory.expect(TRIAL_NAME)
    if (name !== null) this.#directory.expect(name)
  }

  async run(): Promise<Survey> {
    await this.#inquiry.ready
    for (let round = 0; round < 2; round++) {
      this.#inquiry.ask(this.#directory.questions)
      for (const ms of SOON_MS) {
        await pause(ms)
        this.#inquiry.ask(this.#directory.takeNewTypes())
        this.#inquiry.ask(this.#directory.takeUnresolved(), ['unicast'])
      }
      await pause(round === 0 ? ROUND_MS - 300 : LAST_MS)
    }
    await this.#askForHosts([...this.#facts.values()].flatMap(({ multicastFrom }) => [...multicastFrom]))
    await this.#sweep()
    this.#inquiry.close()
    const neighbours = neighboursNow()
    return {
      interfaces: [...this.#facts].map(([name, facts]) => this.#surveyOf(name, facts, neighbours)),
      services: this.#directory.services.filter(({ cluster }) => cluster !== TRIAL_NAME),
      troubles: this.#troubles
    }
  }

  #surveyOf(
    name: string,
    facts: InterfaceFacts,
    neighbours: readonly { address: string; name: string }[]
  ): InterfaceSurvey {
    const trial = this.#trialUuid()
    const foundTrial = this.#directory.services.some(
      ({ cluster, uuid, addresses }) =>
        cluster === TRIAL_NAME && uuid === trial && addresses.some(({ interfaceName }) => interfaceName === name)
    )
    return {
      name,
      heardItself: facts.heardItself,
      foundTrial,
      unicastFrom: [...facts.unicastFrom],
      multicastFrom: [...facts.multicastFrom],
      multicastAnswers: [...facts.multicastAnswers],
      answeredDirectly: [...facts.answeredDirectly],
      neighbours: neighbours.filter((one) => one.name === name).map(({ address }) => address)
    }
  }

  #onMessage(message: ReceivedMessage): void {
    const { packet, from, by, interfaceName, interfaceIndex } = message
    const facts = this.#facts.get(interfaceName)
    if (facts === undefined) return
    this.#directory.take(packet, { interfaceName, interfaceIndex })
    if (isOwn(from, interfacesNow())) {
      if (by === 'multicast') facts.heardItself = true
    } else if (by === 'multicast') {
      facts.multicastFrom.add(from)
      if (this.#hasAskedForHosts && isReverse(packet)) facts.multicastAnswers.add(from)
    } else (facts.isSweeping ? facts.answeredDirectly : facts.unicastFrom).add(from)
  }

  /** A host without services answers a question for the name of its address (RFC 6762 §4). */
  async #askForHosts(addresses: readonly string[]): Promise<void> {
    if (addresses.length === 0) return
    this.#hasAskedForHosts = true
    this.#inquiry.ask(addresses.map((address) => ({ type: 'PTR' as const, name: reverseName(address) })))
    await pause(ANSWER_MS)
  }

  /** Asks every address of small subnets directly if no host has answered there: multicast may be filtered. */
  async #sweep(): Promise<void> {
    const silent = this.#interfaces.filter(({ name, family, loopback, prefixLength }) => {
      const facts = this.#facts.get(name)
      const isSilent = facts !== undefined && facts.unicastFrom.size === 0
      return isSilent && family === 4 && !loopback && prefixLength >= SMALLEST_PREFIX && prefixLength < 31
    })
    if (silent.length === 0) return
    for (const { name } of silent) {
      const facts = this.#facts.get(name)
      if (facts !== undefined) facts.isSweeping = true
    }
    await Promise.all(silent.map((entry) => this.#askEach(entry)))
    await pause(NEIGHBOURS_MS)
    for (const facts of this.#facts.values()) facts.isSweeping = false
    const names = new Set(silent.map(({ name }) => name))
    await this.#askForHosts(neighboursNow().flatMap(({ name, address }) => (names.has(name) ? [address] : [])))
  }

  async #askEach({ address, prefixLength, index }: InterfaceAddress): Promise<void> {
    const others = hostsOf(address, prefixLength).filter((other) => other !== address)
    for (let at = 0; at < others.length; at += BATCH) {
      for (const other of others.slice(at, at + BATCH))
        this.#inquiry.askAt(other, index, [{ type: 'PTR', name: reverseName(other) }])
      await pause(BATCH_MS)
    }
  }
}

/** The host addresses of an IPv4 subnet with a prefix of at least 24 bits. */
export function hostsOf(address: string, prefixLength: number): string[] {
  const last = Number(address.slice(address.lastIndexOf('.') + 1))
  const size = 2 ** (32 - prefixLength)
  const first = last - (last % size)
  const net = address.slice(0, address.lastIndexOf('.'))
  return Array.from({ length: size - 2 }, (_, at) => `${net}.${first + 1 + at}`)
}

/**
 * Whether a response contains only names of addresses (reverse lookups): other hosts rarely ask for these, and
 * announcements contain them together with the addresses, so it answers our question.
 */
function isReverse({ type, answers = [] }: ReceivedMessage['packet']): boolean {
  const isName = ({ name }: { name: string }) => /\.(in-addr|ip6)\.arpa$/i.test(name)
  return type === 'response' && answers.length > 0 && answers.every(isName)
}

/** The name under which an address is looked up (RFC 1035 §3.5, RFC 3596 §2.5). */
export function reverseName(address: string): string {
  if (!address.includes(':')) return `${address.split('.').reverse().join('.')}.in-addr.arpa`
  const [head = '', tail] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const [left, right] = [groups(head), groups(tail ?? '')]
  const all = tail === undefined ? left : [...left, ...Array(8 - left.length - right.length).fill('0'), ...right]
  const digits = all.map((group) => String(group).padStart(4, '0')).join('')
  return `${[...digits].reverse().join('.')}.ip6.arpa`
}

/** The hosts in the ARP table (Linux). */
function neighboursNow(): { address: string; name: string }[] {
  try {
    const rows = readFileSync('/proc/net/arp', 'utf8').trim().split('\n').slice(1)
    return rows.flatMap((row) => {
      const [address = '', , flags, hardware, , name = ''] = row.split(/\s+/)
      return flags !== '0x0' && hardware !== '00:00:00:00:00:00' ? [{ address, name }] : []
    })
  } catch {
    return []
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
