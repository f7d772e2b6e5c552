// Ten lines of Node: a hello by multicast; of two members the one with the lower id connects.
import { createSocket } from 'node:dgram'
import { Sockets } from '../sockets.js'

export const packages = []
const [GROUP, PORT] = ['239.77.77.77', 7777]

export async function load() {
  return async (mesh) => {
    const sockets = new Sockets(mesh)
    const hello = JSON.stringify({ id: sockets.id, port: await sockets.listen() })
    const udp = createSocket({ type: 'udp4', reuseAddr: true })
    udp.on('message', (text, { address, port: from }) => {
      const { id, port } = JSON.parse(text)
      sockets.found(id, address, port)
      if (id < sockets.id) udp.send(hello, from, address)
    })
    udp.bind(PORT, () => {
      udp.addMembership(GROUP)
      udp.send(hello, PORT, GROUP)
    })
    return {
      leave() {
        udp.close()
        sockets.close()
      }
    }
  }
}
