// The drivers that the tests of the mesh run over.
import { createRequire } from 'node:module'
import { describe } from 'node:test'
import { skipWithoutLab } from '../lab/index.js'
import { WHOLE } from '../support/long.js'

/** A way to find peers on a network. */
export type Driver = 'avahi' | 'bonjour' | 'embedded' | 'mdns'

/** Default: all that a test names. `TCPNET_TEST_DRIVERS=avahi,mdns` chooses. */
const CHOSEN = (process.env.TCPNET_TEST_DRIVERS ?? 'avahi,bonjour,embedded,mdns').split(',')

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
  for (const driver of drivers) {
    describe(`over ${driver}`, () => register(driver, skipWithoutLab || unwanted(driver) || missing(driver)))
  }
}

/** Drivers that a test is for in its whole form alone, because it is not about what differs between drivers. */
export function inWhole(...drivers: readonly Driver[]): readonly Driver[] {
  return WHOLE ? drivers : []
}

/** Skipped, and not left out: a lab of a file without tests would never be closed. */
function unwanted(driver: Driver): string | false {
  return CHOSEN.includes(driver) ? false : 'TCPNET_TEST_DRIVERS does not name it'
}

/** `mdns` compiles on Node 20 and 22 alone. There, CI has it. */
function missing(driver: Driver): string | false {
  const isExpected = process.env.CI === 'true' && Number.parseInt(process.versions.node, 10) < 24
  if (driver !== 'mdns' || isExpected) return false
  try {
    createRequire(import.meta.url)('mdns/lib/dns_sd.js')
    return false
  } catch {
    return 'the package mdns is not there: scripts/setup adds it where it compiles'
  }
}
