import type { InterfaceAddress } from '../../addon.js'
import type { FoundService } from '../mdns/directory.js'
import type { Trouble } from '../mdns/inquiry.js'
import type { Finding } from './finding.js'

/** What the doctor is asked to examine. */
export interface Goal {
  /** The cluster; null if none is named. */
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
  /** Whether it is administratively up. */
  readonly up: boolean
  /** Whether there is a carrier: a cable, a radio link. */
  readonly running: boolean
  readonly loopback: boolean
  readonly multicast: boolean
  readonly pointToPoint: boolean
  /** Null if it is not known. */
  readonly mtu: number | null
  readonly addresses: readonly InterfaceAddress[]
}

/** The system bus. */
export type BusState =
  | { readonly kind: 'there' }
  /** `path` is that of its socket; `said` is the error of the system or of the bus. */
  | { readonly kind: 'missing' | 'denied' | 'silent' | 'failed'; readonly path: string; readonly said: string }

/** Avahi's daemon. */
export interface DaemonState {
  /** The path of the program; null if it is not installed. */
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
        /** 1: registering its host name, 2: running, 3: another host has its name, 4: failed. */
        readonly state: number
        /** The address of its host name, which it resolves itself; null if there is none. */
        readonly address: string | null
        /** For each service of the cluster that the daemon sees on another host: the index of the interface. */
        readonly hasHeard: readonly number[]
      }
  /** Its configuration; null if it cannot be read. */
  readonly config: { readonly file: string; readonly text: string } | null
}

/** The result of two services that the doctor starts on this machine. */
export interface Trial {
  /** Why the addon cannot be loaded; null if it can. */
  readonly addonError: string | null
  /** The driver of the service; null if it did not listen. */
  readonly driver: string | null
  readonly error: { readonly code: string; readonly message: string } | null
  readonly uuid: string
  readonly port: number
  /** Whether the two services found each other. */
  readonly met: boolean
  /** Own addresses that could not be dialed, and why. */
  readonly undialable: readonly { readonly address: string; readonly code: string }[]
  readonly addresses: readonly string[]
}

/** The messages that were received on one interface. */
export interface InterfaceSurvey {
  readonly name: string
  /** Whether this host receives its own messages to the group. */
  readonly heardItself: boolean
  /** Whether the trial service was found by a question to the group. */
  readonly foundTrial: boolean
  /** The addresses of other hosts that answered by unicast. */
  readonly unicastFrom: readonly string[]
  /** Those of other hosts whose messages to the group were received. */
  readonly multicastFrom: readonly string[]
  /** Those of other hosts that answered a question of this machine by multicast. */
  readonly multicastAnswers: readonly string[]
  /** Those of other hosts that answered a question to their own address. */
  readonly answeredDirectly: readonly string[]
  /** The addresses in the ARP table. */
  readonly neighbours: readonly string[]
}

export interface Survey {
  readonly interfaces: readonly InterfaceSurvey[]
  readonly services: readonly FoundService[]
  readonly troubles: readonly Trouble[]
}

/** The result of a connection to an address of a service. */
export interface Reached {
  readonly service: FoundService
  readonly address: string
  /** `ok`, or the system's code: `ECONNREFUSED`, `ETIMEDOUT`. */
  readonly connect: string
  /** The result of a hello for an unused uuid: `ok` for a member with our secret; null if none was sent. */
  readonly hello: { readonly code: string; readonly message: string } | 'ok' | null
}

/** The firewall's rules; null if they could not be read. */
export interface Firewall {
  /** As `nft list ruleset` writes them. */
  readonly nft: string | null
  /** As `iptables-save` and `ip6tables-save` write them. */
  readonly iptables: string | null
  readonly ufwEnabled: boolean
  readonly firewalldRunning: boolean
  readonly isRoot: boolean
}

/**
 * The examined machine. Checks get their facts from here, so that a test can simulate any fault. Each fact is gathered
 * once.
 */
export interface Machine {
  readonly platform: NodeJS.Platform
  readonly hostName: string
  now(): number
  interfaces(): Promise<readonly NetworkInterface[]>
  daemon(): Promise<DaemonState>
  trial(): Promise<Trial>
  /** Why a service cannot listen with this driver; null if it can. */
  listenError(driver: string): Promise<Trial['error']>
  survey(): Promise<Survey>
  reach(): Promise<readonly Reached[]>
  firewall(): Promise<Firewall>
}

/** A check: evaluates facts, and changes nothing. */
export type Check = (machine: Machine, goal: Goal) => Promise<readonly Finding[]>
