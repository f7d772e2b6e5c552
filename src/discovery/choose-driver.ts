import { addonIfLoaded } from '../addon.js'
import type { DriverName } from '../settings.js'
import { DAEMON_REPLY_MS, daemonOrEmbedded } from './daemon-or-embedded.js'
import type { Driver } from './discovery.js'
import { memory } from './drivers/memory.js'
import { avahi, bonjour, systemDaemon } from './drivers/native.js'
import { onDemand } from './on-demand.js'
import { withFirstLook } from './with-first-look.js'

/** A driver by its own name. */
export type ChosenDriver = Exclude<DriverName, 'auto'>

/** Not loaded where a daemon does its work. */
const loadEmbedded = async () => (await import('./drivers/embedded/embedded.js')).embedded
const embedded = onDemand(loadEmbedded)
/** Needs a package that few install. */
const mdns = onDemand(async () => (await import('./drivers/mdns/mdns.js')).mdns)

/**
 * The driver of a name, with a first look beside it where that is wanted and there is a network to look at. The look begins at
 * once, also where `auto` still waits for the daemon.
 *
 * @param chosen told which driver `auto` has become, once
 */
export function chooseDriver(
  name: DriverName,
  firstLook: boolean,
  chosen: (name: ChosenDriver) => void = () => {}
): Driver {
  let isEmbedded = name === 'embedded'
  const driver = driverOf(name, (which) => {
    isEmbedded = which === 'embedded'
    chosen(which)
  })
  return firstLook && driver !== memory ? withFirstLook(driver, {}, () => isEmbedded) : driver
}

/**
 * Loads the code of a driver that is known to be used, which takes some milliseconds: before the service listens, and peers
 * wait. Without the addon, `auto` is known to be `embedded`.
 */
export function prepareDriver(name: DriverName): void {
  if (name !== 'embedded' && !(name === 'auto' && addonIfLoaded() === null)) return
  // What fails here fails again when the driver is used, and is told then.
  loadEmbedded().catch(() => {})
}

function driverOf(name: DriverName, chosen: (name: ChosenDriver) => void): Driver {
  switch (name) {
    case 'auto':
      return daemonOrEmbedded<ChosenDriver>(
        systemDaemon(DAEMON_REPLY_MS),
        { name: 'embedded', driver: embedded },
        chosen
      )
    case 'avahi':
      return avahi
    case 'bonjour':
      return bonjour
    case 'embedded':
      return embedded
    case 'mdns':
      return mdns
    case 'memory':
      return memory
  }
}
