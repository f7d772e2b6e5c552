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

/** The numbers of types in questions: ANY is 255 (RFC 1035 §3.2.3). */
export function questionTypeNumber(type: Exclude<QuestionType, 'other'>): number {
  return type === 'ANY' ? 255 : TYPE_NUMBERS[type]
}

export function questionTypeOf(name: string): QuestionType {
  if (name === 'ANY') return 'ANY'
  return name in TYPE_NUMBERS ? (name as RecordType) : 'other'
}

/** Whether a record answers a question (RFC 6762 §6). */
export function answers({ name, type }: Question, record: Resource): boolean {
  return (type === 'ANY' || type === record.type) && isSameName(name, record.name)
}

/** A key that is the same for questions of the same name and type. */
export function keyOf({ name, type }: Question): string {
  return `${folded(name)} ${type}`
}
