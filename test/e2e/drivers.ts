// The drivers that the tests of the mesh run over.
import { createRequire } from 'node:module'
import { describe } from 'node:test'
import { skipWithoutLab } from '../lab/index.js'
import { WHOLE } from '../support/long.js'

/** A driver that finds peers on a network. */
export type Driver = 'avahi' | 'bonjour' | 'embedded' | 'mdns'

/** Default: all that a test names. `TCPNET_TEST_DRIVERS=avahi,mdns` chooses. */
const CHOSEN = (process.env.TCPNET_TEST_DRIVERS ?? 'avahi,bonjour,embedded,mdns').split(',')

/**
 * Registers the tests once for each driver. `skip` is for the options of the tests: the reason why the driver or the
 * lab is not available here.
 *
 * @param drivers the drivers that the tests are for
 */
export function overDrivers(
  drivers: readonly Driver[],
  register: (driver: Driver, skip: string | false) => void
): void {
  for (const driver of drivers) {
    describe(`over ${driver}`, () => register(driver, skipWithoutLab || unwanted(driver) || missing(driver)))
  }
}

/** Drivers that a test runs over only in its whole form, because it does not test differences between drivers. */
export function inWhole(...drivers: readonly Driver[]): readonly Driver[] {
  return WHOLE ? drivers : []
}

/** Tests are skipped instead of left out: the lab of a file without tests would never be closed. */
function unwanted(driver: Driver): string | false {
  return CHOSEN.includes(driver) ? false : 'TCPNET_TEST_DRIVERS does not include it'
}

/** `mdns` compiles only on Node 20 and 22. In CI it has to be installed there. */
function missing(driver: Driver): string | false {
  const isExpected = process.env.CI === 'true' && Number.parseInt(process.versions.node, 10) < 24
  if (driver !== 'mdns' || isExpected) return false
  try {
    createRequire(import.meta.url)('mdns/lib/dns_sd.js')
    return false
  } catch {
    return 'the package mdns is not installed: scripts/setup adds it if it compiles'
  }
}
