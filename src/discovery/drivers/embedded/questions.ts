import { folded, isSameName, type RecordType, type Resource, TYPE_NUMBERS } from './records.js'

/** The type of a question: of records that this responder can have, all of a name, or others, by the name that they have. */
export type QuestionType = RecordType | 'ANY' | 'other'

/** A question of a message. */
export interface Question {
  readonly name: string
  readonly type: QuestionType
  /** Whether an answer by unicast is wanted (RFC 6762 §5.4). */
  readonly unicast: boolean
}

/** The number of all types (RFC 1035 §3.2.3). */
const ANY = 255
const QUESTION_TYPES = new Map<number, QuestionType>([
  [ANY, 'ANY'],
  ...Object.entries(TYPE_NUMBERS).map(([type, number]) => [number, type as RecordType] as const)
])

export function questionTypeNumber(type: Exclude<QuestionType, 'other'>): number {
  return type === 'ANY' ? ANY : TYPE_NUMBERS[type]
}

export function questionTypeOf(number: number): QuestionType {
  return QUESTION_TYPES.get(number) ?? 'other'
}

/** Whether a record answers a question (RFC 6762 §6). */
export function answers({ name, type }: Question, record: Resource): boolean {
  return (type === 'ANY' || type === record.type) && isSameName(name, record.name)
}

/** What is alike for questions that are the same, but for the answer that is wanted. */
export function keyOf({ name, type }: Question): string {
  return `${folded(name)} ${type}`
}
