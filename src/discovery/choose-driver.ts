import type { DriverName } from '../settings.js'
import type { Driver } from './discovery.js'
import { memory } from './drivers/memory.js'
import { avahi, bonjour } from './drivers/native.js'
import { firstUsable } from './first-usable.js'
import { onDemand } from './on-demand.js'
import { withFirstLook } from './with-first-look.js'

/** Needs a package that few install. */
const mdns = onDemand(async () => (await import('./drivers/mdns/mdns.js')).mdns)

/** The driver of a name, with a first look beside it where that is wanted and there is a network to look at. */
export function chooseDriver(name: DriverName, firstLook: boolean): Driver {
  const driver = driverOf(name)
  return firstLook && driver !== memory ? withFirstLook(driver) : driver
}

function driverOf(name: DriverName): Driver {
  switch (name) {
    case 'auto': {
      const [own, its] = process.platform === 'darwin' ? (['bonjour', bonjour] as const) : (['avahi', avahi] as const)
      return firstUsable(
        new Map<string, Driver>([
          [own, its],
          ['mdns', mdns]
        ])
      )
    }
    case 'avahi':
      return avahi
    case 'bonjour':
      return bonjour
    case 'mdns':
      return mdns
    case 'memory':
      return memory
  }
}
