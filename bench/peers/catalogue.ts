/** What is compared: an adapter (`adapters/ID.js`) with options, under a title. */
export interface Peer {
  readonly id: string
  readonly title: string
  readonly adapter: string
  readonly options?: Record<string, unknown>
  /** Where it runs: on hosts with an avahi-daemon, or on hosts without one, where it would only add packets. */
  readonly daemon: boolean
  /** `ours` is tcpnet; `baseline` finds peers, but is no package; the others are packages, by language. */
  readonly kind: 'ours' | 'JavaScript' | 'baseline'
  /** Scenarios for which it is measured. Default: all. */
  readonly only?: readonly string[]
  /** What it cannot do, by scenario. */
  readonly cannot?: Readonly<Record<string, string>>
}

const NO_DAEMON = { restart: 'uses no daemon' }
const NO_PACKAGE = { ...NO_DAEMON, size: 'none', packages: '0' }

export const PEERS: readonly Peer[] = [
  ours('avahi', true),
  ours('embedded', false),
  ours('bonjour', true),
  ours('mdns', true),
  {
    id: 'tcpnet-2s',
    title: 'tcpnet, deadPeerTimeout 2000',
    adapter: 'tcpnet',
    options: { driver: 'avahi', deadPeerTimeout: 2000 },
    daemon: true,
    kind: 'ours',
    only: ['losses', 'idle']
  },
  { id: 'floor', title: 'ten lines of Node', adapter: 'floor', daemon: false, kind: 'baseline', cannot: NO_PACKAGE },
  { id: 'mdns', title: 'mdns + net', adapter: 'mdns', daemon: true, kind: 'JavaScript' },
  both('mdns', true),
  other('bonjour-service', 'bonjour-service + net'),
  both('bonjour-service', false),
  other('libp2p', 'libp2p, mdns'),
  other('hyperswarm', 'hyperswarm'),
  other('moleculer', 'moleculer, TCP'),
  other('cote', 'cote'),
  other('node-discover', 'node-discover + net'),
  both('node-discover', false),
  other('zyre', 'zyre.js (ZRE over ZeroMQ)')
]

/** A package that only finds peers, in an application in which both of two members connect. */
function both(id: string, daemon: boolean): Peer {
  return {
    id: `${id}-both`,
    title: `${id} + net, both connect`,
    adapter: id,
    options: { both: true },
    daemon,
    kind: 'JavaScript',
    only: ['join']
  }
}

function ours(driver: string, daemon: boolean): Peer {
  const cannot = daemon ? {} : { cannot: NO_DAEMON }
  return {
    id: `tcpnet-${driver}`,
    title: `tcpnet, ${driver}`,
    adapter: 'tcpnet',
    options: { driver },
    daemon,
    kind: 'ours',
    ...cannot
  }
}

function other(id: string, title: string): Peer {
  return { id, title, adapter: id, daemon: false, kind: 'JavaScript', cannot: NO_DAEMON }
}
