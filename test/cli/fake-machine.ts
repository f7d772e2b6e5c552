// A machine on which all is well, and others that differ from it in the facts that a test gives.
import type {
  DaemonState,
  Firewall,
  Goal,
  InterfaceSurvey,
  Machine,
  NetworkInterface,
  Reached,
  Survey,
  Trial
} from '#tcpnet/cli/doctor/machine.js'
import type { FoundService } from '#tcpnet/cli/mdns/directory.js'

export interface Facts {
  readonly platform: NodeJS.Platform
  readonly hostName: string
  readonly now: number
  readonly interfaces: readonly NetworkInterface[]
  readonly daemon: DaemonState
  readonly trial: Trial
  readonly listenError: Trial['error']
  readonly survey: Survey
  readonly reached: readonly Reached[]
  readonly firewall: Firewall
}

export const GOAL: Goal = { name: 'demo', driver: 'auto', uuid: null, address: null, hasSecret: false }

export const ETH0: NetworkInterface = {
  name: 'eth0',
  index: 2,
  up: true,
  running: true,
  loopback: false,
  multicast: true,
  pointToPoint: false,
  mtu: 1500,
  addresses: [
    { index: 2, name: 'eth0', family: 4, address: '10.0.0.1', prefixLength: 24, loopback: false, up: true },
    { index: 2, name: 'eth0', family: 6, address: 'fe80::1', prefixLength: 64, loopback: false, up: true }
  ]
}

export const ANSWERING: Extract<DaemonState['service'], { kind: 'answers' }> = {
  kind: 'answers',
  version: 'avahi 0.8',
  hostName: 'alpha.local',
  state: 2,
  address: '10.0.0.1',
  hasHeard: []
}

export const HEARD: InterfaceSurvey = {
  name: 'eth0',
  heardItself: true,
  foundTrial: true,
  unicastFrom: ['10.0.0.2', 'fe80::2'],
  multicastFrom: ['10.0.0.2'],
  multicastAnswers: [],
  answeredDirectly: [],
  neighbours: []
}

/** A service of the cluster at an address; this machine's own is at 10.0.0.1. */
export function found(uuid: string, address: string, more: Partial<FoundService> = {}): FoundService {
  const addresses = [{ address, interfaceName: 'eth0', interfaceIndex: 2 }]
  const host = address === '10.0.0.1' ? 'alpha.local' : 'beta.local'
  return { cluster: 'demo', uuid, host, port: 4711, security: 'none', version: '1', addresses, ...more }
}

const MEMBERS = [found('A1', '10.0.0.1'), found('B2', '10.0.0.2')]

export const HEALTHY: Facts = {
  platform: 'linux',
  hostName: 'alpha',
  now: Date.UTC(2026, 10, 26),
  interfaces: [ETH0],
  daemon: {
    program: '/usr/sbin/avahi-daemon',
    bus: { kind: 'there' },
    service: ANSWERING,
    config: { file: 'avahi-daemon.conf', text: '[server]\n#use-ipv4=no\nuse-ipv4=yes\nuse-ipv6 = yes\n' }
  },
  trial: {
    addonError: null,
    driver: 'avahi',
    error: null,
    uuid: 'F0',
    port: 5000,
    met: true,
    undialable: [],
    addresses: ['10.0.0.1']
  },
  listenError: null,
  survey: { interfaces: [HEARD], services: MEMBERS, troubles: [] },
  reached: MEMBERS.map((service) => ({ service, address: '10.0.0.1', connect: 'ok', hello: 'ok' })),
  firewall: { nft: '', iptables: null, ufwEnabled: false, firewalldRunning: false, isRoot: true }
}

/** A machine with these facts in the place of the healthy ones. */
export function machineWith(changes: Partial<Facts>): Machine {
  const facts = { ...HEALTHY, ...changes }
  return {
    platform: facts.platform,
    hostName: facts.hostName,
    now: () => facts.now,
    interfaces: async () => facts.interfaces,
    daemon: async () => facts.daemon,
    trial: async () => facts.trial,
    listenError: async () => facts.listenError,
    survey: async () => facts.survey,
    reach: async () => facts.reached,
    firewall: async () => facts.firewall
  }
}
