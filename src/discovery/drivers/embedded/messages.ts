import { type DnsQuestion, decodeMessage } from '../../dns-reader.js'
import { type Question, questionTypeOf } from './questions.js'
import { fromRecord, type Resource } from './records.js'
import { Writer } from './writer.js'

/** The longest message that is sent, in bytes: within the least MTU that links commonly have, with all headers (RFC 6762 §17). */
export const MAX_BYTES = 1440
/** The longest message that is read, in bytes (RFC 6762 §17). */
export const MAX_RECEIVED_BYTES = 9000
/** What one who asks by unicast DNS can take, where it does not say so (RFC 1035 §4.2.1). */
export const LEGACY_BYTES = 512

/** A message that was received. */
export interface Message {
  readonly kind: 'query' | 'response'
  readonly id: number
  /** More known answers follow (RFC 6762 §7.2). */
  readonly truncated: boolean
  readonly questions: readonly Question[]
  readonly answers: readonly Resource[]
  readonly authorities: readonly Resource[]
  readonly additionals: readonly Resource[]
  /** How long an answer by unicast may be, in bytes (RFC 6891 §6.2.3). */
  readonly maxReplyBytes: number
}

/** Whether a message can be one of multicast DNS, as far as its header tells: opcode and response code 0 (RFC 6762 §18.3, §18.11). */
export function isPlausible(message: Buffer): boolean {
  if (message.length < 12 || message.length > MAX_RECEIVED_BYTES) return false
  return (message.readUInt16BE(2) & 0x780f) === 0
}

/**
 * Reads a message.
 *
 * @throws {Error} where it is no DNS message
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

/** Classes IN and ANY, and the QU bit (RFC 6762 §5.4). */
const [CLASSES, QU] = [[1, 255], 0x8000]

function questionOf({ name, type, class: ofClass }: DnsQuestion): Question | null {
  if (!CLASSES.includes(ofClass & ~QU)) return null
  return { name, type: questionTypeOf(type), unicast: (ofClass & QU) !== 0 }
}

/** Responses with these records, in as many messages as they take; additional ones only as far as they fit beside the answers. */
export function responsesWith(
  records: readonly Resource[],
  additionals: readonly Resource[],
  maxBytes = MAX_BYTES
): Buffer[] {
  const writers: Writer[] = []
  for (const record of records) {
    if (writers.at(-1)?.add('answers', record) === true) continue
    const writer = new Writer({ kind: 'response', maxBytes })
    // One that fits no message at all is left out (RFC 6762 §17): none of ours is that long.
    if (writer.add('answers', record)) writers.push(writer)
  }
  const last = writers.at(-1)
  for (const record of additionals) last?.add('additionals', record)
  return writers.map((writer) => writer.end())
}

/**
 * A query with the answers that are already known, in as many messages as they take (RFC 6762 §7.1, §7.2). A question that does
 * not fit beside those before it begins a message of its own. Empty if no question can be asked.
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

/**
 * A probe: a question for all records of each name, and those that are to be announced under it (RFC 6762 §8.1). Without flush
 * bits: nothing is announced yet (§10.2).
 */
export function probeFor(records: readonly Resource[], maxBytes = MAX_BYTES): Buffer {
  const writer = new Writer({ kind: 'query', maxBytes })
  for (const name of new Set(records.map((record) => record.name))) writer.ask({ name, type: 'ANY', unicast: false })
  for (const record of records) writer.add('authorities', { ...record, unique: false })
  return writer.end()
}

/** A record and what belongs to it. */
export interface Group {
  readonly answer: Resource
  readonly additionals: readonly Resource[]
}

/** The longest TTL in an answer by unicast DNS, in seconds: its receiver hears of no change (RFC 6762 §6.7). */
const LEGACY_TTL = 10

/**
 * The answer to one that asks by unicast DNS: its ID, its questions, no flush bits, short TTLs (RFC 6762 §6.7). Where not all
 * answers fit, those that do have their additional records with them: a service that looks for its peers can dial these at once.
 */
export function legacyResponse(query: Message, groups: readonly Group[]): Buffer {
  const whole = legacyWriter(query, groups)
  if (whole !== null) return whole.end()
  let fitting = legacyWriter(query, [])
  for (let count = 1; count < groups.length; count++) {
    const next = legacyWriter(query, groups.slice(0, count))
    if (next === null) break
    fitting = next
  }
  // RFC 6762 §18.5: as in unicast DNS, there is more.
  fitting?.truncate()
  return fitting?.end() ?? Buffer.alloc(0)
}

/** Null where they do not fit. */
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
