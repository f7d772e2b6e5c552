// The default resolver of mdns ends the process on Linux and Node 20: this sequence asks dns_sd.h for the host and port,
// and the addon of tcpnet for the addresses, as tcpnet's own driver over mdns does.
import { Sockets } from '../sockets.js'

export const packages = ['mdns']
const TIMEOUT_MS = 2000

export async function load(options) {
  const { addon } = await import('../../../modules/addon.js')
  const shim = addon()
  shim.prepareDnsSd()
  const { default: mdns } = await import('mdns')
  const type = mdns.tcp('bench-mdns')
  const addresses = (service, next) =>
    shim.queryAddresses(service.host, service.interfaceIndex, TIMEOUT_MS, (error, found) => {
      service.addresses = found.map(({ address }) => address)
      next(error === null || found.length > 0 ? undefined : new Error(error))
    })
  return async (mesh) => {
    const sockets = new Sockets(mesh, options)
    const port = await sockets.listen()
    const advertisement = mdns.createAdvertisement(type, port, { name: sockets.id })
    advertisement.on('error', (error) => console.error(error.message))
    advertisement.start()
    const browser = mdns.createBrowser(type, { resolverSequence: [mdns.rst.DNSServiceResolve(), addresses] })
    browser.on('error', (error) => console.error(error.message))
    browser.on('serviceUp', ({ name, addresses, port }) => {
      const address = addresses.find((one) => !one.startsWith('fe80:'))
      if (address !== undefined) sockets.found(name, address, port)
    })
    browser.start()
    return {
      leave() {
        browser.stop()
        advertisement.stop()
        sockets.close()
      }
    }
  }
}
