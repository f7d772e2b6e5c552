import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { Instance } from './discovery/discovery.js'
import { ConnectBudget } from './mesh/connect-budget.js'
import { DEFAULT_LIMITS } from './mesh/limits.js'
import { Mesh } from './mesh/mesh.js'
import { plain } from './security/security.js'

const NOTHING = (): void => {}

/**
 * Two meshes inside this process connect once, over a stream instead of a socket: most of the functions that a connection needs are
 * compiled by that, before the first peer waits for it. Nothing of it is published or stays, and it has no timer once it has ended.
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
      limits: DEFAULT_LIMITS,
      budget: new ConnectBudget(),
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

  destroySoon(): void {
    this.destroy()
  }

  resetAndDestroy(): void {
    this.destroy()
  }
}
