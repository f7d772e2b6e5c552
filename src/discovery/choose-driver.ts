import { addonIfLoaded } from '../addon.js'
import type { DriverName } from '../settings.js'
import { DAEMON_REPLY_MS, daemonOrEmbedded } from './daemon-or-embedded.js'
import type { Driver } from './discovery.js'
import { memory } from './drivers/memory.js'
import { avahi, bonjour, systemDaemon } from './drivers/native.js'
import { onDemand } from './on-demand.js'
import { withFirstLook } from './with-first-look.js'

/** The name of one driver, without `auto`. */
export type ChosenDriver = Exclude<DriverName, 'auto'>

/** Loaded only if no daemon is used. */
const loadEmbedded = () => import('./drivers/embedded/embedded.js')
const embedded = onDemand(async () => (await loadEmbedded()).embedded)
/** Loaded only if it is chosen: it needs the package mdns. */
const mdns = onDemand(async () => (await import('./drivers/mdns/mdns.js')).mdns)

/**
 * The driver of a name, with a first look in addition if that is wanted and the driver uses a network. The look begins at once,
 * even while `auto` still waits for the daemon.
 *
 * @param chosen called once, with the driver that `auto` has chosen
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

/** Whether the driver embedded has been loaded for a service of this thread. */
let isLoaded = false

/**
 * Loads the code of the driver that will be used, which takes some milliseconds, before the service listens. If it does not listen
 * by then, the code is rehearsed as well: that is done for the first service only, because it compiles the code for all. Without
 * the addon, `auto` always chooses `embedded`.
 *
 * @param isNew whether the service does not listen yet: no peer waits for it
 */
export function prepareDriver(name: DriverName, isNew: () => boolean, load: typeof loadEmbedded = loadEmbedded): void {
  if (name !== 'embedded' && !(name === 'auto' && addonIfLoaded() === null)) return
  const onLoaded = ({ rehearse }: Awaited<ReturnType<typeof load>>) => {
    if (!isLoaded && isNew()) rehearse()
    isLoaded = true
  }
  // If loading fails, it fails again when the driver is used, and is reported then.
  load().then(onLoaded, () => {})
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
