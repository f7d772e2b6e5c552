import { Dial, type DialResult, type DialTarget } from '#tcpnet/mesh/dialer.js'
import { DEFAULT_LIMITS } from '#tcpnet/mesh/limits.js'
import { connectTo } from '#tcpnet/mesh/race.js'
import { plain } from '#tcpnet/security/security.js'
import { unlimited } from './allowance.js'

/** Dials, and resolves with the result. By default without security, limits and discovery. */
export function dialed(
  target: Pick<DialTarget, 'uuid' | 'endpoints' | 'hello'> & Partial<DialTarget>
): Promise<DialResult> {
  const defaults = {
    security: plain,
    deadlineMs: 5000,
    slowAfterMs: DEFAULT_LIMITS.slowAfterMs,
    silentAfterMs: DEFAULT_LIMITS.silentAfterMs,
    locate: async () => null,
    connect: connectTo,
    allowance: unlimited()
  }
  return new Promise((resolve) => new Dial({ ...defaults, ...target }, resolve))
}
