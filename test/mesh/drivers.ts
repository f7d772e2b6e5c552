// The drivers that the tests of the mesh run over.
import { createRequire } from 'node:module'
import { describe } from 'node:test'
import { skipWithoutLab } from '../lab/index.js'

/** A way to find peers that needs a daemon. */
export type Driver = 'avahi' | 'bonjour' | 'mdns'

/** Default: all of them. `TCPNET_TEST_DRIVERS=avahi,mdns` chooses. */
const CHOSEN = (process.env.TCPNET_TEST_DRIVERS ?? 'avahi,bonjour,mdns').split(',')

/** What a driver is tested with: `all`, or those that show that the driver itself does its part. */
export type Share = 'all' | 'essential'

/**
 * Registers the tests once for each driver. `skip` is for the tests' options: the reason why the driver, or the lab,
 * cannot be had here.
 *
 * @param drivers those that the tests are for
 */
export function overDrivers(
  drivers: readonly Driver[],
  register: (driver: Driver, skip: string | false) => void
): void {
  for (const driver of drivers.filter((name) => CHOSEN.includes(name))) {
    describe(`over ${driver}`, () => register(driver, skipWithoutLab || missing(driver)))
  }
}

/** `mdns` compiles on Node 20 and 22 alone. */
function missing(driver: Driver): string | false {
  if (driver !== 'mdns') return false
  try {
    createRequire(import.meta.url)('mdns/lib/dns_sd.js')
    return false
  } catch {
    return 'the package mdns is not there: scripts/setup adds it where it compiles'
  }
}
