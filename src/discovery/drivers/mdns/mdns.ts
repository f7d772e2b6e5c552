import { addon } from '../../../addon.js'
import type { Announcement, Discovery, Listener } from '../../discovery.js'
import { healing } from '../healing.js'
import { loadMdns } from './package.js'
import { MdnsSession } from './session.js'

/**
 * The driver over the npm package `mdns`, which browses, registers and resolves services. The addon resolves addresses, because
 * `mdns` cannot on Linux. The calls of the package run on the event loop and block until the daemon replies.
 */
export function mdns(announcement: Announcement, listener: Listener): Discovery {
  const shim = addon()
  shim.prepareDnsSd()
  const library = loadMdns()
  return healing((announced, onEvent) => new MdnsSession(library, shim, announced, onEvent), { waitsForDaemon: true })(
    announcement,
    listener
  )
}
