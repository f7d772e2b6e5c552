import { addon } from '../../../addon.js'
import type { Announcement, Discovery, Listener } from '../../discovery.js'
import { healing } from '../healing.js'
import { loadMdns } from './package.js'
import { MdnsSession } from './session.js'

/**
 * The driver over the `mdns` npm package: its browse, registration and resolution, and the addon's own resolution of
 * addresses, because `mdns` has none that works on Linux. Its calls run on the event loop and wait for the daemon.
 */
export function mdns(announcement: Announcement, listener: Listener): Discovery {
  const shim = addon()
  shim.prepareDnsSd()
  const library = loadMdns()
  return healing((announced, onEvent) => new MdnsSession(library, shim, announced, onEvent))(announcement, listener)
}
