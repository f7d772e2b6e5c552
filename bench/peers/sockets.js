// What an application adds to a package that only finds services: a server, and one connection for each pair.
import { randomBytes } from 'node:crypto'
import { connect, createServer } from 'node:net'

const ID_BYTES = 16

/**
 * The member that connects sends its id. Of two members the one with the lower id connects; with `both` each connects when it
 * finds the other, which is sooner, and makes two connections when they find each other at the same time.
 */
export class Sockets {
  id = randomBytes(ID_BYTES / 2).toString('hex')
  #mesh
  #both
  #server
  #sockets = new Map()

  constructor(mesh, { both = false } = {}) {
    this.#mesh = mesh
    this.#both = both
    this.#server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('readable', () => {
        const id = socket.read(ID_BYTES)
        if (id === null) socket.destroy()
        else this.#add(id.toString(), socket)
      })
    })
  }

  /** Resolves with the port. */
  listen() {
    return new Promise((resolve) => this.#server.listen(() => resolve(this.#server.address().port)))
  }

  /** A member was found. */
  found(id, host, port) {
    if (id === this.id || (id < this.id && !this.#both) || this.#sockets.has(id)) return
    const socket = connect({ host, port, autoSelectFamily: true })
    this.#sockets.set(id, socket)
    socket.once('connect', () => {
      socket.write(this.id)
      this.#add(id, socket)
    })
    socket.on('error', () => {})
    socket.on('close', () => this.#forget(id, socket))
  }

  /** A member is gone, as its discovery says. */
  gone(id) {
    this.#sockets.get(id)?.destroy()
  }

  close() {
    this.#server.close()
    for (const socket of this.#sockets.values()) socket.destroy()
  }

  #add(id, socket) {
    this.#sockets.set(id, socket)
    socket.once('close', () => this.#forget(id, socket))
    this.#mesh.connected(id, socket)
  }

  #forget(id, socket) {
    if (this.#sockets.get(id) === socket) this.#sockets.delete(id)
  }
}
