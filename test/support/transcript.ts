// Messages of multicast DNS as readable text: one line for each message, question and record.
import { type Answer, decode, type Question } from 'dns-packet'

/** The first character of the lines of each section of records. */
const SECTIONS = { answers: '=', authorities: '!', additionals: '+' } as const
const INDENT = ' '.repeat(12)

/** Lines for a message: its header, questions (`?`), answers (`=`), authorities (`!`) and additionals (`+`). */
export function transcriptOf(bytes: Buffer): string[] {
  const packet = decode(bytes)
  const flags = [packet.flag_aa ? ' aa' : '', packet.flag_tc ? ' tc' : ''].join('')
  const head = `${packet.type} id ${packet.id}${flags}, ${bytes.length} bytes`
  const questions = (packet.questions ?? []).map((question) => `${INDENT}? ${questionText(question)}`)
  const records = Object.entries(SECTIONS).flatMap(([section, sign]) =>
    (packet[section as keyof typeof SECTIONS] ?? []).map((record) => `${INDENT}${sign} ${recordText(record)}`)
  )
  return [head, ...questions, ...records]
}

function questionText({ type, name, class: ofClass }: Question): string {
  // dns-packet does not decode the QU bit (RFC 6762 §5.4).
  const text: string = ofClass ?? 'IN'
  return `${type} ${name}${text === 'UNKNOWN_32769' ? ' QU' : text === 'IN' ? '' : ` ${text}`}`
}

/** A record: type, name, TTL in seconds, flush bit, data. */
export function recordText(record: Answer): string {
  if (record.type === 'OPT') return `OPT ${record.udpPayloadSize}`
  const { type, name, ttl = 0, flush = false } = record
  return `${type} ${name} ${ttl} s${flush ? ' flush' : ''} ${dataText(record)}`
}

function dataText(record: Exclude<Answer, { type: 'OPT' }>): string {
  switch (record.type) {
    case 'SRV':
      return `${record.data.target}:${record.data.port}`
    case 'TXT':
      return JSON.stringify([record.data].flat().map(String))
    case 'NSEC':
      return record.data.rrtypes.join(' ')
    case 'A':
    case 'AAAA':
    case 'PTR':
      return record.data
    default:
      return JSON.stringify(record.data)
  }
}
