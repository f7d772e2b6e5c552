import { folded, isSameName, type RecordType, type Resource, TYPE_NUMBERS } from './records.js'

/** The type of a question: a type that this responder supports, ANY, or any other type. */
export type QuestionType = RecordType | 'ANY' | 'other'

/** A question of a message. */
export interface Question {
  readonly name: string
  readonly type: QuestionType
  /** Whether a unicast answer is requested: the QU bit (RFC 6762 §5.4). */
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

/** A key that is the same for questions of the same name and type. */
export function keyOf({ name, type }: Question): string {
  return `${folded(name)} ${type}`
}
