/**
 * The contract over a driver of this machine's daemon. To be run inside of a host of the laboratory, and nowhere else,
 * since it announces on every interface:
 *
 *   TCPNET_CONTRACT_DRIVER=avahi node --test out/test/contract/run.js
 */
import { chooseDriver } from '#tcpnet/discovery/choose-driver.js'
import { localAddresses } from '#tcpnet/net/addresses.js'
import { DRIVERS } from '#tcpnet/settings.js'
import { testDiscovery } from './discovery.js'

/** A daemon probes for a chosen uuid for about a second; a machine may be slow, or run under a sanitizer. */
const DEADLINE_MS = Number(process.env.TCPNET_CONTRACT_DEADLINE_MS ?? 20_000)

const name = DRIVERS.find((driver) => driver === process.env.TCPNET_CONTRACT_DRIVER)
if (name === undefined) throw new Error(`TCPNET_CONTRACT_DRIVER has to be one of ${DRIVERS.join(', ')}.`)

// The memory driver has no interfaces.
const loopback = name === 'memory' ? { index: 0 } : localAddresses().find((entry) => entry.loopback)
testDiscovery(name, {
  driver: chooseDriver(name, false),
  deadlineMs: DEADLINE_MS,
  ...(loopback === undefined ? {} : { loopbackIndex: loopback.index })
})
