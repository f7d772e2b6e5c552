import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { Instance } from './discovery/discovery.js'
import { ConnectBudget } from './mesh/connect-budget.js'
import { CROWD_LIMITS } from './mesh/crowd-limit.js'
import { DEFAULT_LIMITS } from './mesh/limits.js'
import { Mesh } from './mesh/mesh.js'
import { plain } from './security/security.js'
import { TokenBucket } from './token-bucket.js'

const NOTHING = (): void => {}
/** A rehearsal that fails keeps the process alive for so long. */
const LIMITS = { ...DEFAULT_LIMITS, helloTimeoutMs: 100 }

/**
 * Two meshes inside this process connect once, over streams instead of sockets: V8 compiles most of the functions that a connection
 * needs, before a peer waits for them. Nothing is published, and when it has ended no timer and no state of it is left.
 *
 * @param instance what is announced of the mesh that is dialed
 * @param done called when both have been connected and are closed
 */
export function rehearse(instance: Instance, done: () => void = NOTHING): void {
  const [near, far] = pipe()
  let connected = 0
  let closed = 0
  const onClosed = () => ++closed === 2 && done()
  const onConnection = () => {
    if (++connected < 2) return
    dialer.close(0, onClosed)
    acceptor.close(0, onClosed)
  }
  const meshOf = (uuid: string) =>
    new Mesh({
      name: 'rehearsal',
      uuid,
      boot: '0123456789abcdef',
      security: plain,
      limits: LIMITS,
      budget: new ConnectBudget(),
      crowd: { inAll: new TokenBucket(CROWD_LIMITS.inAll) },
      locate: async () => null,
      port: () => instance.port,
      connect: () => {
        process.nextTick(() => {
          near.emit('connect')
          acceptor.admit(far)
        })
        return near
      },
      publish: NOTHING,
      onConnection,
      onDisconnected: NOTHING,
      onDialFailed: NOTHING,
      onRejected: NOTHING
    })
  const acceptor = meshOf(instance.uuid)
  const dialer = meshOf('0')
  dialer.hint(instance)
}

/** Two connected ends in memory, with the properties of sockets that a mesh uses. */
function pipe(): [near: Socket, far: Socket] {
  const near = new End()
  const far = new End()
  near.other = far
  far.other = near
  return [near as unknown as Socket, far as unknown as Socket]
}

class End extends Duplex {
  other: Duplex | null = null
  readonly bytesRead = 0
  readonly remoteAddress = '192.0.2.1'

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.other?.push(chunk)
    done()
  }

  override _final(done: () => void): void {
    this.other?.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    process.nextTick(() => this.other?.destroy())
    done(error)
  }

  destroySoon(): void {
    this.destroy()
  }

  resetAndDestroy(): void {
    this.destroy()
  }
}
