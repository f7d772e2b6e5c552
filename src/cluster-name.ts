import { invalidType, invalidValue } from './errors.js'

const NAME = /^(?=[a-z0-9-]{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/

/**
 * Checks a cluster's name.
 *
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_INVALID_ARG_VALUE
 */
export function checkName(name: unknown): string {
  if (typeof name !== 'string') throw invalidType('name', 'a string', name)
  if (NAME.test(name)) return name
  throw invalidValue(
    'name',
    'must be 1 to 15 of a-z, 0-9 and "-", with at least one letter, no "-" at either end and no two in a row (RFC 6335 §5.1)',
    name
  )
}
