/**
 * The contract over a driver of this machine's daemon. Run it only inside a host of the lab, since it announces on
 * every interface:
 *
 *   TCPNET_CONTRACT_DRIVER=avahi node --test out/test/contract/run.js
 */
import { chooseDriver } from '#tcpnet/discovery/choose-driver.js'
import type { Driver } from '#tcpnet/discovery/discovery.js'
import { embeddedOver } from '#tcpnet/discovery/drivers/embedded/embedded-discovery.js'
import { Network } from '#tcpnet/discovery/drivers/embedded/network.js'
import { localAddresses } from '#tcpnet/net/addresses.js'
import { DRIVERS } from '#tcpnet/settings.js'
import { testDiscovery } from './discovery.js'

/** A daemon probes for a chosen uuid for about a second; a machine may be slow, or run under a sanitizer. */
const DEADLINE_MS = Number(process.env.TCPNET_CONTRACT_DEADLINE_MS ?? 20_000)

const { TCPNET_CONTRACT_DRIVER: wanted } = process.env
/**
 * Each discovery has sockets of its own, as if in a process of its own: services of one process find each other without
 * packets.
 */
const isApart = wanted === 'embedded-apart'
const name = isApart ? 'embedded' : DRIVERS.find((driver) => driver === wanted)
if (name === undefined)
  throw new Error(`TCPNET_CONTRACT_DRIVER has to be one of ${DRIVERS.join(', ')}, or embedded-apart.`)
const apart: Driver = (announcement, listener) => embeddedOver(new Network())(announcement, listener)

// The memory driver has no interfaces.
const loopback = name === 'memory' ? { index: 0 } : localAddresses().find((entry) => entry.loopback)
testDiscovery(wanted ?? name, {
  driver: isApart ? apart : chooseDriver(name, false),
  deadlineMs: DEADLINE_MS,
  ...(loopback === undefined ? {} : { loopbackIndex: loopback.index })
})
