import { addon } from '../../addon.js'
import type { Named } from '../daemon-or-embedded.js'
import type { Announcement, Driver } from '../discovery.js'
import type { Backend, OwnHost, SessionEvent } from '../session.js'
import { formatTxt } from '../txt.js'
import { type HealingOptions, healing, START_AVAHI } from './healing.js'

/** For either library: it is not known here whether the addon has opened Apple's or Avahi's. */
const START_BONJOUR =
  process.platform === 'darwin'
    ? 'macOS starts mDNSResponder again by itself'
    : 'start the daemon of the library libdns_sd.so.1, which is mDNSResponder or avahi-daemon'

interface NativeOptions {
  readonly backend: Backend
  /** What to do about a daemon that does not answer, as the end of a sentence. */
  readonly startDaemon: string
}

const AVAHI: NativeOptions = { backend: 'avahi', startDaemon: START_AVAHI }
const BONJOUR: NativeOptions = { backend: 'bonjour', startDaemon: START_BONJOUR }

/** The driver over libavahi-client. */
export const avahi: Driver = native(AVAHI, { waitsForDaemon: true })
/** The driver over dns_sd.h: Apple's own, or any libdns_sd. */
export const bonjour: Driver = native(BONJOUR, { waitsForDaemon: true })

/**
 * The driver of the daemon that is usual on this system, for a service that can do without it: if the daemon goes away before it
 * has announced the service, that is an error.
 *
 * @param answerTimeoutMs milliseconds in which the daemon has to reply
 */
export function systemDaemon(answerTimeoutMs: number): Named<Backend> {
  const options = process.platform === 'darwin' ? BONJOUR : AVAHI
  return { name: options.backend, driver: native(options, { answerTimeoutMs }) }
}

function native({ backend, startDaemon }: NativeOptions, more: Partial<HealingOptions> = {}): Driver {
  return (announcement, listener) => {
    const library = addon()
    const open = (announced: Announcement, onEvent: (event: SessionEvent) => void, ownHost: OwnHost | null) => {
      const { name, uuid, port, txt, interfaceIndex, probe } = announced
      return library.openSession(
        {
          backend,
          type: `_${name}._tcp`,
          instance: uuid,
          port,
          txt: formatTxt(txt),
          interfaceIndex,
          probe,
          ownHost
        },
        onEvent
      )
    }
    return healing(open, { ...more, startDaemon })(announcement, listener)
  }
}
