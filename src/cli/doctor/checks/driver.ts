import { type Finding, findings } from '../finding.js'
import type { Check, DaemonState, Trial } from '../machine.js'

const { problem, warning, note, good } = findings('driver')

/** Which driver services use and why, and whether two services on this machine find each other with it. */
export const driver: Check = async (machine, goal) => {
  const trial = await machine.trial()
  const state = machine.platform === 'linux' ? await machine.daemon() : null
  if (trial.error !== null) {
    const { code, message } = trial.error
    return [
      problem(`A service with the driver "${goal.driver}" cannot listen here: ${code}: ${message}`, remedyOf(code))
    ]
  }
  if (trial.driver === 'memory')
    return [
      problem(
        'The driver is "memory", which finds only services of the same process.',
        'Leave the setting driver out, and unset TCPNET_DRIVER; "memory" is for tests.'
      )
    ]
  const found = [note(`${chosen(goal.driver, trial)}${goal.driver === 'auto' ? `: ${whyOf(trial, state)}` : ''}.`)]
  if (trial.met) found.push(good('Two services on this machine found each other and connected.'))
  else
    found.push(
      problem(
        'Two services on this machine, started by this check, did not connect to each other.',
        'See the other findings. NODE_DEBUG=tcpnet shows every step.'
      )
    )
  const isPassedOver = goal.driver === 'auto' && trial.driver === 'embedded' && state?.service.kind === 'answers'
  if (isPassedOver && trial.addonError === null) found.push(passedOver(await machine.listenError('avahi')))
  return found
}

/** The finding if the daemon answers over D-Bus, but `auto` did not choose it. */
function passedOver(error: Trial['error']): Finding {
  if (error === null)
    return note(
      'avahi-daemon answers, but did not within the 250 ms in which "auto" decides: the machine or the daemon is busy.'
    )
  return warning(
    `avahi-daemon answers, but cannot be used: ${error.message}`,
    'Install its client library: "apt-get install libavahi-client3", "dnf install avahi-libs", "apk add avahi-libs".'
  )
}

function chosen(asked: string, { driver }: Trial): string {
  return asked === 'auto' ? `"auto" uses the driver "${driver}"` : `The driver is "${driver}", as requested`
}

/** The reason for the choice of `auto`. */
function whyOf({ driver, addonError }: Trial, state: DaemonState | null): string {
  if (driver !== 'embedded') return 'the daemon of this system answered'
  if (addonError !== null) return 'without the native addon, the daemon cannot be used'
  if (state === null) return 'the daemon of this system did not answer'
  if (state.bus.kind !== 'there') return 'the D-Bus system bus cannot be used'
  switch (state.service.kind) {
    case 'absent':
      return 'no avahi-daemon is running'
    case 'silent':
      return 'avahi-daemon did not answer within 250 ms'
    default:
      return "the daemon's client library did not answer within 250 ms"
  }
}

function remedyOf(code: string): string {
  switch (code) {
    case 'ERR_TCPNET_NO_DAEMON':
      return 'Start the daemon, or leave the driver out, so that "auto" works without it.'
    case 'ERR_TCPNET_NO_DRIVER':
    case 'ERR_TCPNET_ADDON':
      return 'Install what the message names, or leave the driver out, so that "auto" works without it.'
    case 'ERR_TCPNET_DAEMON_REFUSED':
      return "See the daemon's log, and check whether its configuration forbids announcements (disable-publishing)."
    default:
      return 'See docs/errors.md for the code.'
  }
}
