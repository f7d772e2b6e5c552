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
    const browser = bonjour.find({ type: TYPE }, ({ name, referer, port }) =>
      sockets.found(name, referer.address, port)
    )
    browser.on('down', ({ name }) => sockets.gone(name))
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
