import { type Answer, decode, encode, type Packet, type Question } from 'dns-packet'
import type { Cache, CacheLimits } from '#tcpnet/discovery/drivers/embedded/cache.js'
import { LINK_TIMES, type LinkTimes, MdnsLink } from '#tcpnet/discovery/drivers/embedded/link.js'
import { readMessage } from '#tcpnet/discovery/drivers/embedded/messages.js'
import { hostName, instanceName, serviceType } from '#tcpnet/discovery/drivers/embedded/names.js'
import { type Family, type Resource, resource } from '#tcpnet/discovery/drivers/embedded/records.js'
import { RemoteRecords } from '#tcpnet/discovery/drivers/embedded/remote-records.js'
import type { Sender } from '#tcpnet/discovery/drivers/embedded/responder.js'
import { joinTxt } from '#tcpnet/discovery/txt.js'
import { FakeClock } from '../../support/fake-clock.js'

export const TYPE = serviceType('my-cluster')
export const SERVICE_TYPES = '_services._dns-sd._udp.local'

/** Another host on the link, which uses multicast DNS. */
export const OTHER: Sender = { address: '10.77.1.2', port: 5353, isOnLink: true }
/** A program on that host that sends legacy queries. */
export const LEGACY: Sender = { ...OTHER, port: 40_000 }

/** A message that was sent, decoded by another library. */
export interface Sent {
  readonly at: number
  readonly bytes: Buffer
  readonly packet: ReturnType<typeof decode>
  /** Null for multicast. */
  readonly to: Sender | null
  /** The link over which it was sent. */
  readonly family: Family
}

/** The two links of an interface, over IPv4 and IPv6. The test sends them packets and takes theirs. */
export class LinkTrial {
  readonly clock = new FakeClock()
  readonly link: MdnsLink
  readonly ipv6: MdnsLink
  readonly remote: RemoteRecords
  /** What was reported: `seen AA`, `gone AA` of instances; `announced` and `conflict` of publications. */
  readonly reported: string[] = []
  /** Called with each message that is sent, and each report. */
  readonly #listener: (what: Sent | string) => void
  #sent: Sent[] = []
  /** Records that this process has announced on another link. */
  elsewhere: readonly Resource[] = []

  constructor(
    times: Partial<LinkTimes> = {},
    listener: (what: Sent | string) => void = () => {},
    limits?: CacheLimits
  ) {
    this.#listener = listener
    this.remote = new RemoteRecords({
      clock: this.clock,
      ...(limits === undefined ? {} : { limits }),
      onSeen: (_type, uuid) => this.#report(`seen ${uuid}`),
      onGone: (_type, uuid) => this.#report(`gone ${uuid}`),
      onRefresh: (type, families) => {
        for (const link of [this.link, this.ipv6]) if (families.has(link.family)) link.refresh(type)
      }
    })
    this.link = this.#newLink(4, times)
    this.ipv6 = this.#newLink(6, times)
  }

  /** The records of other hosts. */
  get cache(): Cache {
    return this.remote.cache
  }

  /** Publishes a service. */
  publish(uuid: string, probe = false, records = recordsOf(uuid)) {
    return this.link.publish({
      records,
      probe,
      onAnnounced: () => this.#report('announced'),
      onConflict: () => this.#report('conflict')
    })
  }

  /** Publishes a service, and lets its announcements pass. */
  announced(uuid: string, records = recordsOf(uuid)) {
    const publication = this.publish(uuid, false, records)
    this.clock.pass(3000)
    this.take()
    this.takeReported()
    return publication
  }

  /** Receives a packet of another host over IPv4. */
  receive(packet: Packet, sender = OTHER, isLocal = false): void {
    this.receiveBytes(encode(packet), sender, isLocal)
  }

  receiveBytes(bytes: Buffer, sender = OTHER, isLocal = false): void {
    this.link.receive(readMessage(bytes), sender, isLocal)
  }

  /**
   * Receives a packet of another host over IPv6.
   *
   * @param isDuplicate whether the same was just received over IPv4
   */
  receiveOverIpv6(packet: Packet, isDuplicate = false): void {
    this.ipv6.receive(readMessage(encode(packet)), { ...OTHER, address: 'fe80::2' }, false, isDuplicate)
  }

  /** Takes the messages sent so far. */
  take(): Sent[] {
    const sent = this.#sent
    this.#sent = []
    return sent
  }

  /** Lets time pass, and takes the messages sent so far. */
  sentIn(ms: number): Sent[] {
    this.clock.pass(ms)
    return this.take()
  }

  takeReported(): string[] {
    return this.reported.splice(0)
  }

  #newLink(family: Family, times: Partial<LinkTimes>): MdnsLink {
    const send = (bytes: Buffer, to: Sender | null) => {
      const sent = { at: this.clock.now(), bytes, packet: decode(bytes), to, family }
      this.#sent.push(sent)
      this.#listener(sent)
    }
    return new MdnsLink({
      clock: this.clock,
      times: { ...LINK_TIMES, ...times },
      family,
      remote: this.remote,
      send: (bytes) => send(bytes, null),
      reply: send,
      isOurs: (record) => this.link.hasRecord(record) || this.elsewhere.some(({ key }) => key === record.key)
    })
  }

  #report(text: string): void {
    this.reported.push(text)
    this.#listener(text)
  }
}

/** A query with one question. */
export function ask(name: string, type: string, more: Partial<Packet> = {}): Packet {
  return { type: 'query', questions: [{ name, type } as Question], ...more }
}

/** A message without records, whose last question has the QU bit (RFC 6762 §5.4), which dns-packet cannot write. */
export function withQu(packet: Packet): Buffer {
  const bytes = encode(packet)
  bytes[bytes.length - 2] = 0x80
  return bytes
}

/** The records of a service on a host with an address of each family. */
export function recordsOf(uuid: string, { port = 4000, address = '10.77.1.1', type = TYPE } = {}): Resource[] {
  const [name, host] = [instanceName(uuid, type), hostName(uuid)]
  return [
    resource(type, 120, false, { type: 'PTR', target: name }),
    resource(SERVICE_TYPES, 4500, false, { type: 'PTR', target: type }),
    resource(name, 120, true, { type: 'SRV', priority: 0, weight: 0, port, target: host }),
    resource(name, 4500, true, { type: 'TXT', strings: joinTxt(['v=1', 'sec=none']) }),
    resource(host, 120, true, { type: 'A', address }),
    resource(host, 120, true, { type: 'AAAA', address: 'fe80::1' })
  ]
}

/** The announcement of a service by another host. */
export function packetOf(uuid: string, change: Partial<{ port: number; address: string; ttl: number }> = {}): Packet {
  const { port = 5000, address = '10.77.1.2', ttl } = change
  const [name, host] = [instanceName(uuid, TYPE), hostName(uuid)]
  return {
    type: 'response',
    answers: [{ type: 'PTR', name: TYPE, ttl: ttl ?? 120, data: name }],
    additionals: [
      { type: 'SRV', name, ttl: ttl ?? 120, flush: true, data: { port, target: host } },
      { type: 'TXT', name, ttl: ttl ?? 4500, flush: true, data: ['v=1', 'sec=none'] },
      { type: 'A', name: host, ttl: ttl ?? 120, flush: true, data: address }
    ]
  }
}

/** A short form of a record: `PTR _my-cluster._tcp.local`. */
export function brief({ type, name }: Answer): string {
  return `${type} ${name}`
}

/** The records of a section over all messages, in order. */
export function answersIn(sent: readonly Sent[]): Answer[] {
  return sent.flatMap(({ packet }) => packet.answers ?? [])
}

export function additionalsIn(sent: readonly Sent[]): Answer[] {
  return sent.flatMap(({ packet }) => packet.additionals ?? [])
}
