import { type DnsQuestion, decodeMessage } from '../../dns-reader.js'
import { type Question, questionTypeOf } from './questions.js'
import { fromRecord, type Resource } from './records.js'
import { Writer } from './writer.js'

/** The longest message that is sent, in bytes: with all headers it fits into the MTU of common links (RFC 6762 §17). */
export const MAX_BYTES = 1440
/** The longest message that is read, in bytes (RFC 6762 §17). */
export const MAX_RECEIVED_BYTES = 9000
/** The longest response to a legacy query without EDNS, in bytes (RFC 1035 §4.2.1). */
export const LEGACY_BYTES = 512

/** A received message. */
export interface Message {
  readonly kind: 'query' | 'response'
  readonly id: number
  /** The TC bit: more known answers follow (RFC 6762 §7.2). */
  readonly truncated: boolean
  readonly questions: readonly Question[]
  readonly answers: readonly Resource[]
  readonly authorities: readonly Resource[]
  readonly additionals: readonly Resource[]
  /** The longest unicast response that the sender accepts, in bytes (RFC 6891 §6.2.3). */
  readonly maxReplyBytes: number
}

/** Whether length, opcode and response code are those of a multicast DNS message (RFC 6762 §17, §18.3, §18.11). */
export function isPlausible(message: Buffer): boolean {
  if (message.length < 12 || message.length > MAX_RECEIVED_BYTES) return false
  return (message.readUInt16BE(2) & 0x780f) === 0
}

/**
 * Reads a message.
 *
 * @throws {Error} if it is not a DNS message
 */
export function readMessage(bytes: Buffer): Message {
  const { type, id, truncated, questions, answers, authorities, additionals, udpPayloadBytes } = decodeMessage(bytes)
  return {
    kind: type,
    id,
    truncated,
    questions: questions.map(questionOf).filter((question) => question !== null),
    answers: answers.map(fromRecord),
    authorities: authorities.map(fromRecord),
    additionals: additionals.map(fromRecord),
    maxReplyBytes: Math.min(Math.max(udpPayloadBytes ?? 0, LEGACY_BYTES), MAX_BYTES)
  }
}

/** The classes IN and ANY, and the QU bit (RFC 6762 §5.4). */
const [CLASSES, QU] = [[1, 255], 0x8000]

function questionOf({ name, type, class: ofClass }: DnsQuestion): Question | null {
  if (!CLASSES.includes(ofClass & ~QU)) return null
  return { name, type: questionTypeOf(type), unicast: (ofClass & QU) !== 0 }
}

/** Responses with these answers, in as many messages as needed; the last has the additional records that fit. */
export function responsesWith(
  records: readonly Resource[],
  additionals: readonly Resource[],
  maxBytes = MAX_BYTES
): Buffer[] {
  const writers: Writer[] = []
  for (const record of records) {
    if (writers.at(-1)?.add('answers', record) === true) continue
    const writer = new Writer({ kind: 'response', maxBytes })
    // A record that does not fit into an empty message is left out (RFC 6762 §17); none of ours is that long.
    if (writer.add('answers', record)) writers.push(writer)
  }
  const last = writers.at(-1)
  for (const record of additionals) last?.add('additionals', record)
  return writers.map((writer) => writer.end())
}

/**
 * A query with its known answers, in as many messages as needed (RFC 6762 §7.1, §7.2). A question that no longer fits
 * begins a new message. Empty if no question can be asked.
 */
export function queriesWith(
  questions: readonly Question[],
  known: readonly Resource[],
  maxBytes = MAX_BYTES
): Buffer[] {
  let writer = new Writer({ kind: 'query', maxBytes })
  const messages: Buffer[] = []
  for (const question of questions) {
    if (writer.ask(question) || writer.isEmpty) continue
    const next = new Writer({ kind: 'query', maxBytes })
    if (!next.ask(question)) continue
    messages.push(writer.end())
    writer = next
  }
  if (writer.isEmpty) return []
  for (const record of known) {
    if (writer.add('answers', record)) continue
    writer.truncate()
    messages.push(writer.end())
    writer = new Writer({ kind: 'query', maxBytes })
    writer.add('answers', record)
  }
  return [...messages, writer.end()]
}

/** A probe: an ANY question for each name, and the proposed records without cache-flush bits (RFC 6762 §8, §10.2). */
export function probeFor(records: readonly Resource[], maxBytes = MAX_BYTES): Buffer {
  const writer = new Writer({ kind: 'query', maxBytes })
  for (const name of new Set(records.map((record) => record.name))) writer.ask({ name, type: 'ANY', unicast: false })
  for (const record of records) writer.add('authorities', { ...record, unique: false })
  return writer.end()
}

/** An answer and its additional records. */
export interface Group {
  readonly answer: Resource
  readonly additionals: readonly Resource[]
}

/** The longest TTL in a legacy response, in seconds: its receiver does not learn of changes (RFC 6762 §6.7). */
const LEGACY_TTL = 10

/**
 * The response to a legacy query, with its ID and questions, short TTLs and no cache-flush bits (RFC 6762 §6.7). If not
 * all answers fit, those that do keep their additional records: a service that looks for peers can dial them at once.
 * Null if not even the questions fit.
 */
export function legacyResponse(query: Message, groups: readonly Group[]): Buffer | null {
  const whole = legacyWriter(query, groups)
  if (whole !== null) return whole.end()
  let fitting = legacyWriter(query, [])
  for (let count = 1; count < groups.length; count++) {
    const next = legacyWriter(query, groups.slice(0, count))
    if (next === null) break
    fitting = next
  }
  // RFC 6762 §18.5: the TC bit has its meaning of unicast DNS here.
  fitting?.truncate()
  return fitting?.end() ?? null
}

/** A writer with these answers; null if they do not fit. */
function legacyWriter(query: Message, groups: readonly Group[]): Writer | null {
  const writer = new Writer({ kind: 'response', maxBytes: query.maxReplyBytes, id: query.id, legacy: true })
  const answers = groups.map(({ answer }) => answer)
  const given = new Set(answers.map(({ key }) => key))
  const additionals = new Map(groups.flatMap((group) => group.additionals.map((record) => [record.key, record])))
  const others = [...additionals.values()].filter(({ key }) => !given.has(key))
  const fits =
    query.questions.every((question) => writer.ask(question)) &&
    writer.add('answers', ...answers.map(shortLived)) &&
    writer.add('additionals', ...others.map(shortLived))
  return fits ? writer : null
}

function shortLived(record: Resource): Resource {
  return { ...record, ttl: Math.min(record.ttl, LEGACY_TTL), unique: false }
}
