import type { InterfaceAddress } from '../../addon.js'
import type { FoundService } from '../mdns/directory.js'
import type { Trouble } from '../mdns/inquiry.js'
import type { Finding } from './finding.js'

/** What is asked for. */
export interface Goal {
  /** The cluster; null where none is named. */
  readonly name: string | null
  /** The driver that services use, as in the settings. */
  readonly driver: string
  readonly uuid: string | null
  readonly address: string | null
  /** Whether a secret was given. */
  readonly hasSecret: boolean
}

/** An interface of this machine. */
export interface NetworkInterface {
  readonly name: string
  readonly index: number
  /** Its own switch. */
  readonly up: boolean
  /** Whether there is a carrier: a cable, a radio link. */
  readonly running: boolean
  readonly loopback: boolean
  readonly multicast: boolean
  readonly pointToPoint: boolean
  /** Null where it is not known. */
  readonly mtu: number | null
  readonly addresses: readonly InterfaceAddress[]
}

/** The system bus. */
export type BusState =
  | { readonly kind: 'there' }
  /** Where it should be, and why it cannot be used, as the system or the bus says. */
  | { readonly kind: 'missing' | 'denied' | 'silent' | 'failed'; readonly path: string; readonly said: string }

/** Avahi's daemon. */
export interface DaemonState {
  /** The program; null where there is none. */
  readonly program: string | null
  readonly bus: BusState
  readonly service:
    | { readonly kind: 'unknown' | 'absent' }
    /** It has a name on the bus, and does not answer. */
    | { readonly kind: 'silent'; readonly pid: number | null; readonly isStopped: boolean }
    | { readonly kind: 'denied'; readonly said: string }
    | {
        readonly kind: 'answers'
        readonly version: string
        readonly hostName: string
        /** 1: it registers its name, 2: it runs, 3: its name is another host's, 4: it has failed. */
        readonly state: number
        /** The address of its host name, as it tells; null where it has none. */
        readonly address: string | null
        /** The index of an interface for each service of the cluster that others announce and it has heard of there. */
        readonly hasHeard: readonly number[]
      }
  /** Its configuration; null where it cannot be read. */
  readonly config: { readonly file: string; readonly text: string } | null
}

/** What came of services that the doctor has made on this machine. */
export interface Trial {
  /** Why the addon is not there; null where it is. */
  readonly addonError: string | null
  /** Null where the service did not listen. */
  readonly driver: string | null
  readonly error: { readonly code: string; readonly message: string } | null
  readonly uuid: string
  readonly port: number
  /** Whether two of them have found each other. */
  readonly met: boolean
  /** Own addresses that could not be dialed, and why. */
  readonly undialable: readonly { readonly address: string; readonly code: string }[]
  readonly addresses: readonly string[]
}

/** What was heard on one interface. */
export interface InterfaceSurvey {
  readonly name: string
  /** Whether what is sent to the group comes back to this host. */
  readonly heardItself: boolean
  /** Whether the trial service was found, asked for by multicast. */
  readonly foundTrial: boolean
  /** Other hosts that answered, by their addresses. */
  readonly unicastFrom: readonly string[]
  /** Other hosts whose messages to the group were heard. */
  readonly multicastFrom: readonly string[]
  /** Those of them that have answered a question of this machine's to the group. */
  readonly multicastAnswers: readonly string[]
  /** Other hosts that are there: those that answered when they were asked directly, and those that only the link layer knows. */
  readonly answeredDirectly: readonly string[]
  readonly neighbours: readonly string[]
}

export interface Survey {
  readonly interfaces: readonly InterfaceSurvey[]
  readonly services: readonly FoundService[]
  readonly troubles: readonly Trouble[]
}

/** How a connection to a peer's address ended. */
export interface Reached {
  readonly service: FoundService
  readonly address: string
  /** `ok`, or the system's code: `ECONNREFUSED`, `ETIMEDOUT`. */
  readonly connect: string
  /** What its answer to a hello for nobody says; null where it was not asked. `ok` where it is a member with our secret. */
  readonly hello: { readonly code: string; readonly message: string } | 'ok' | null
}

/** Rules that decide on packets; null where they may not be read. */
export interface Firewall {
  /** As `nft list ruleset` writes them. */
  readonly nft: string | null
  /** As `iptables-save` and `ip6tables-save` write them. */
  readonly iptables: string | null
  readonly ufwEnabled: boolean
  readonly firewalldRunning: boolean
  readonly isRoot: boolean
}

/** The machine that is examined: every check gets its facts from here, so that a test can give it any fault. Each fact is gathered once. */
export interface Machine {
  readonly platform: NodeJS.Platform
  readonly hostName: string
  now(): number
  interfaces(): Promise<readonly NetworkInterface[]>
  daemon(): Promise<DaemonState>
  trial(): Promise<Trial>
  /** Whether a service can listen with this driver: null, or why it cannot. */
  listenError(driver: string): Promise<Trial['error']>
  survey(): Promise<Survey>
  reach(): Promise<readonly Reached[]>
  firewall(): Promise<Firewall>
}

/** One check: looks at facts, changes nothing. */
export type Check = (machine: Machine, goal: Goal) => Promise<readonly Finding[]>
