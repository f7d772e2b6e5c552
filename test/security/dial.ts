// A dial from this process to a port of this process, without a service.
import assert from 'node:assert/strict'
import { TcpnetError } from '#tcpnet/index.js'
import type { DialResult } from '#tcpnet/mesh/dialer.js'
import type { Security } from '#tcpnet/security/security.js'
import { dialed } from '../support/dial.js'

/** The uuid that the dialer expects at the port. */
export const DIALED = 'BEEF'

/** Resolves when the keys of the security are made. */
export async function prepared<T extends Security>(security: T): Promise<T> {
  await new Promise<void>((resolve, reject) =>
    security.prepare((error) => (error === null ? resolve() : reject(error)))
  )
  return security
}

/** Dials the port as a member that expects the peer {@link DIALED} there. */
export async function dial(security: Security, port: number): Promise<DialResult> {
  await prepared(security)
  const hello = () => ({
    name: 'x',
    from: 'A',
    boot: '0123456789abcdef',
    to: DIALED,
    seq: 0,
    dial: 1,
    port: null,
    keepalive: null
  })
  const endpoints = [{ address: '127.0.0.1', family: 4 as const, port }]
  return await dialed({ uuid: DIALED, endpoints, security, hello })
}

/** The error of a dial that has failed with the code. */
export function failure(result: DialResult, code: string): Error {
  if (result.kind !== 'failed') return assert.fail(`the dial was ${result.kind}`)
  assert.ok(result.error instanceof TcpnetError)
  assert.equal(result.error.code, code)
  return result.error
}
