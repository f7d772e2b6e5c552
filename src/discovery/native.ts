import { addon, type Backend, type SessionEvent } from '../addon.js'
import type { Announcement, Driver } from './discovery.js'
import { healing } from './healing.js'
import { formatTxt } from './txt.js'

/** The driver over libavahi-client. */
export const avahi: Driver = native('avahi')
/** The driver over dns_sd.h: Apple's own, or any libdns_sd. */
export const bonjour: Driver = native('bonjour')

function native(backend: Backend): Driver {
  return (announcement, listener) => {
    const library = addon()
    const open = (announced: Announcement, onEvent: (event: SessionEvent) => void) => {
      const { name, uuid, port, txt, interfaceIndex, probe } = announced
      return library.openSession(
        {
          backend,
          type: `_${name}._tcp`,
          instance: uuid,
          port,
          txt: formatTxt(txt),
          interfaceIndex,
          probe
        },
        onEvent
      )
    }
    return healing(open)(announcement, listener)
  }
}
