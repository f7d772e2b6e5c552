// Packets that are sent to two responders, whose answers are compared (embedded-captures.lab.test.ts).
import { type Answer, encode, type Packet, type Question } from 'dns-packet'

/** The service in the questions, as its responder announces it. */
export interface Asked {
  /** `_judged._tcp.local` */
  readonly type: string
  readonly uuid: string
  readonly port: number
  /** The host's name, with `.local`. */
  readonly host: string
  /** Seconds that its PTR record lives. */
  readonly pointerTtl: number
}

/** A packet, and how it is sent. */
export interface Sending {
  readonly bytes: Buffer
  readonly isLegacy?: boolean
  readonly afterMs?: number
}

/** The packets that are sent together, by name. */
export type Questions = Record<string, (asked: Asked) => readonly Sending[]>

const SERVICE_TYPES = '_services._dns-sd._udp.local'

function query(questions: readonly [name: string, type: string][], more: Partial<Packet> = {}): Buffer {
  return encode({
    type: 'query',
    questions: questions.map(([name, type]) => ({ name, type }) as Question),
    ...more
  })
}

/** Sets the QU bit, which dns-packet does not encode, on the last question. */
function qu(bytes: Buffer): Buffer {
  bytes[bytes.length - 2] = 0x80
  return bytes
}

const instance = ({ uuid, type }: Asked) => `${uuid}.${type}`

function pointer(asked: Asked, ttl: number): Answer {
  return { type: 'PTR', name: asked.type, ttl, data: instance(asked) }
}

/** Replaces the flags in the header of a query. */
function withFlags(bytes: Buffer, flags: number): Buffer {
  bytes.writeUInt16BE(flags, 2)
  return bytes
}

function goodbye(answer: Answer): Buffer {
  return encode({ type: 'response', flags: 0x400, answers: [answer] })
}

export const QUESTIONS: Questions = {
  'one-shot': (asked) => [{ bytes: query([[asked.type, 'PTR']], { id: 4711 }), isLegacy: true }],
  'one-shot-qu': (asked) => [{ bytes: qu(query([[instance(asked), 'SRV']], { id: 4712 })), isLegacy: true }],
  pointer: (asked) => [{ bytes: query([[asked.type, 'PTR']]) }],
  qu: (asked) => [{ bytes: qu(query([[instance(asked), 'TXT']])) }],
  'known-answer': (asked) => [{ bytes: query([[asked.type, 'PTR']], { answers: [pointer(asked, asked.pointerTtl)] }) }],
  'known-answer-that-ends': (asked) => [
    { bytes: query([[asked.type, 'PTR']], { answers: [pointer(asked, asked.pointerTtl / 2 - 1)] }) }
  ],
  'more-follows': (asked) => [
    { bytes: query([[asked.type, 'PTR']], { flags: 0x200 }) },
    { bytes: query([], { answers: [pointer(asked, asked.pointerTtl)] }), afterMs: 150 }
  ],
  'more-does-not-follow': (asked) => [{ bytes: query([[asked.type, 'PTR']], { flags: 0x200 }) }],
  any: (asked) => [{ bytes: query([[instance(asked), 'ANY']]) }],
  'other-case': (asked) => [
    { bytes: query([[instance(asked).toLowerCase().replace('tcp.local', 'TCP.LocaL'), 'SRV']]) }
  ],
  'no-such-record': (asked) => [{ bytes: query([[instance(asked), 'A']]) }],
  'no-such-type': (asked) => [{ bytes: query([[asked.host, 'HINFO']]) }],
  'no-such-name': (asked) => [{ bytes: query([[`nobody.${asked.type}`, 'SRV']]) }],
  probe: (asked) => [
    {
      bytes: query([[instance(asked), 'ANY']], {
        authorities: [{ type: 'SRV', name: instance(asked), ttl: 120, data: { port: 9, target: 'thief.local' } }]
      })
    }
  ],
  'shared-goodbye': (asked) => [{ bytes: goodbye({ type: 'PTR', name: SERVICE_TYPES, ttl: 0, data: asked.type }) }],
  'pointer-goodbye': (asked) => [{ bytes: goodbye(pointer(asked, 0)) }],
  'unique-goodbye': (asked) => [
    {
      bytes: goodbye({
        type: 'SRV',
        name: instance(asked),
        ttl: 0,
        flush: true,
        data: { port: asked.port, target: asked.host }
      })
    }
  ],
  'several-questions': (asked) => [
    {
      bytes: query([
        [asked.type, 'PTR'],
        [instance(asked), 'SRV'],
        [asked.host, 'A'],
        [`nobody.${asked.type}`, 'SRV']
      ])
    }
  ],
  'twice-in-a-second': (asked) => [
    { bytes: query([[instance(asked), 'TXT']]) },
    { bytes: query([[instance(asked), 'TXT']]), afterMs: 300 }
  ],
  'service-types': (asked) => [
    { bytes: query([[SERVICE_TYPES, 'PTR']]) },
    { bytes: query([[asked.type.toUpperCase(), 'PTR']]), afterMs: 10 }
  ],
  'other-opcode': (asked) => [{ bytes: withFlags(query([[instance(asked), 'SRV']]), 2 << 11) }],
  'other-response-code': (asked) => [{ bytes: withFlags(query([[instance(asked), 'SRV']]), 3) }],
  'query-with-an-id': (asked) => [{ bytes: query([[instance(asked), 'SRV']], { id: 77 }) }]
}
