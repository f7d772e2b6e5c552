import { Sockets } from '../sockets.js'

export const packages = ['bonjour-service']
const TYPE = 'bench-bonjour'

export async function load(options) {
  const { Bonjour } = await import('bonjour-service')
  return async (mesh) => {
    const sockets = new Sockets(mesh, options)
    const port = await sockets.listen()
    const bonjour = new Bonjour()
    bonjour.publish({ name: sockets.id, type: TYPE, port })
    bonjour.find({ type: TYPE }, ({ name, referer, port }) => sockets.found(name, referer.address, port))
    return {
      leave: () =>
        new Promise((resolve) =>
          bonjour.unpublishAll(() => {
            bonjour.destroy(resolve)
            sockets.close()
          })
        )
    }
  }
}
