import { addonIfLoaded } from '../addon.js'
import { systemBusPath } from '../net/system-bus.js'
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
/** Whether a service of this thread has begun to use or to rehearse the driver embedded. */
let isWarm = false
const embedded = onDemand(async () => {
  isWarm = true
  return (await loadEmbedded()).embedded
})
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

/**
 * Prepares the driver that will be used, which takes some milliseconds, before the service listens: loads its code and, if the
 * service does not listen by then, rehearses it. Has an effect only for `embedded`, and for `auto` if no daemon can reply; `auto`
 * chooses the driver later.
 *
 * @param isNew whether the service does not listen yet, and is not closed: no peer waits for it
 */
export function prepareDriver(name: DriverName, isNew: () => boolean, load: typeof loadEmbedded = loadEmbedded): void {
  const prepare = async () => {
    if (name !== 'embedded' && (name !== 'auto' || canHaveDaemon())) return
    const { rehearseDriver } = await load()
    if (isWarm || !isNew()) return
    isWarm = true
    rehearseDriver()
  }
  // If loading fails, it fails again when the driver is used, and is reported then.
  prepare().catch(() => {})
}

/** Whether a daemon can reply: false without the addon and, where the daemon is Avahi, if the system bus has no socket. */
function canHaveDaemon(): boolean {
  if (addonIfLoaded() === null) return false
  if (process.platform === 'darwin') return true
  const path = systemBusPath(process.env)
  return path === null || path.startsWith('\0') || process.getBuiltinModule('node:fs').existsSync(path)
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
