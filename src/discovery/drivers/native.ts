import { addon } from '../../addon.js'
import type { Announcement, Driver } from '../discovery.js'
import type { Backend, SessionEvent } from '../session.js'
import { formatTxt } from '../txt.js'
import { healing, START_AVAHI } from './healing.js'

/** Which library the addon has opened, Apple's or Avahi's, is not known here. */
const START_BONJOUR =
  process.platform === 'darwin'
    ? 'macOS starts mDNSResponder again by itself'
    : 'start the daemon of the library libdns_sd.so.1, which is mDNSResponder or avahi-daemon'

/** The driver over libavahi-client. */
export const avahi: Driver = native('avahi', START_AVAHI)
/** The driver over dns_sd.h: Apple's own, or any libdns_sd. */
export const bonjour: Driver = native('bonjour', START_BONJOUR)

function native(backend: Backend, startDaemon: string): Driver {
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
    return healing(open, { startDaemon })(announcement, listener)
  }
}
