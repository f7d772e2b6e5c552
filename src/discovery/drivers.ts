import type { DriverName } from '../settings.js'
import type { Driver } from './discovery.js'
import { mdns } from './mdns.js'
import { memory } from './memory.js'

/** The driver of a name. */
export function chooseDriver(name: DriverName): Driver {
  switch (name) {
    case 'memory':
      return memory
    case 'mdns':
    case 'avahi':
    case 'bonjour':
    case 'auto':
      return mdns
  }
}
