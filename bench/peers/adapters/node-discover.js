import { Sockets } from '../sockets.js'

export const packages = ['node-discover']

export async function load(options) {
  const { default: Discover } = await import('node-discover')
  return async (mesh) => {
    const sockets = new Sockets(mesh, options)
    const advertisement = { id: sockets.id, port: await sockets.listen() }
    const discover = new Discover({ advertisement })
    discover.on('added', ({ address, advertisement: { id, port } }) => sockets.found(id, address, port))
    discover.on('removed', ({ advertisement: { id } }) => sockets.gone(id))
    return {
      leave() {
        discover.stop()
        sockets.close()
      }
    }
  }
}
