import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type PeerSocket, type Service, type Settings, tcpnet } from '#tcpnet/index.js'
import { type Limits, withLimits } from '#tcpnet/mesh/limits.js'
import { RawPeer } from './raw-peer.js'
import { next, until } from './wait.js'

/** A sentence about a promise that a service broke. */
type Breach = string

/** Services of one name in this process, over the memory driver. Checks the promises that hold at every moment. */
export class Cluster {
  readonly name = `t${randomBytes(5).toString('hex')}`
  readonly #services = new Set<Service>()
  readonly #rawPeers: RawPeer[] = []
  readonly #breaches: Breach[] = []

  /** A service that does not listen yet. `limits` replace default limits. */
  make(settings: Partial<Settings> = {}, limits: Partial<Limits> = {}): Service {
    const service = withLimits(limits, () => tcpnet({ name: this.name, driver: 'memory', ...settings }))
    this.#services.add(service)
    this.#watch(service)
    return service
  }

  /** A service that listens. */
  async member(settings: Partial<Settings> = {}, limits: Partial<Limits> = {}): Promise<Service> {
    const service = this.make(settings, limits)
    const listening = next(service, 'listening')
    service.listen()
    await listening
    return service
  }

  /** A peer that the test plays. */
  async rawPeer(uuid: string): Promise<RawPeer> {
    const peer = await RawPeer.announce(this.name, uuid)
    this.#rawPeers.push(peer)
    return peer
  }

  /** Closes all services, and fails where a promise was broken. */
  async close(): Promise<void> {
    for (const peer of this.#rawPeers.splice(0)) await peer.close()
    await Promise.all([...this.#services].map(closed))
    this.#services.clear()
    assert.deepEqual(this.#breaches, [])
  }

  #watch(service: Service): void {
    const open = new Map<string, PeerSocket>()
    const { connections } = service
    service.on('connection', (socket) => {
      const { uuid } = socket.peer
      if (open.has(uuid)) this.#breaches.push(`a second connection with ${uuid} before the close of the first`)
      open.set(uuid, socket)
      if (!connections.includes(socket)) this.#breaches.push(`connection of ${uuid} before it is in the array`)
      if (connections.length !== open.size) this.#breaches.push('the array is not what the events say')
      socket.on('close', () => {
        open.delete(uuid)
        if (connections.includes(socket)) this.#breaches.push(`close of ${uuid} while it is in the array`)
        if (connections.length !== open.size) this.#breaches.push('the array is not what the events say')
      })
    })
    service.on('close', () => {
      if (open.size > 0) this.#breaches.push('the service closed before its connections')
    })
  }
}

/** Closes a service, and waits for its end. */
export async function closed(service: Service): Promise<void> {
  await new Promise<void>((resolve) => service.close(resolve))
}

/** Resolves with both ends of the connection between two services when both services have it. */
export async function connection(a: Service, b: Service): Promise<[PeerSocket, PeerSocket]> {
  return await until((): [PeerSocket, PeerSocket] | null => {
    const near = a.connections.find((socket) => socket.peer.uuid === b.uuid)
    const far = b.connections.find((socket) => socket.peer.uuid === a.uuid)
    return near !== undefined && far !== undefined && areEnds(near, far) ? [near, far] : null
  }, `${a.uuid} and ${b.uuid} are not connected`)
}

/** Whether two sockets are the two ends of one connection, and both are open. */
function areEnds(near: PeerSocket, far: PeerSocket): boolean {
  const isSame = near.localPort === far.remotePort && near.remotePort === far.localPort
  return isSame && !near.destroyed && !far.destroyed
}
