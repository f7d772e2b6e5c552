import type { Driver } from '../../discovery.js'
import { embeddedOver } from './embedded-discovery.js'
import { Network } from './network.js'

/**
 * The driver that needs no daemon: a multicast DNS responder and browser in this process. All services of a thread share its
 * links.
 */
export const embedded: Driver = embeddedOver(new Network())

export { rehearseDriver } from './driver-rehearsal.js'
