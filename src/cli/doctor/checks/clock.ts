import { findings } from '../finding.js'
import type { Check } from '../machine.js'

const { warning } = findings('clock')
/** January 2025, before this package existed. */
const TOO_EARLY = Date.UTC(2025, 0)

/** Whether this machine's clock is plausible: the validity of certificates depends on it. */
export const clock: Check = async (machine) => {
  const now = machine.now()
  if (now >= TOO_EARLY) return []
  return [
    warning(
      `This machine's clock says ${new Date(now).toISOString().slice(0, 10)}, when certificates (the setting "tls") are not valid yet.`,
      'Set it: "timedatectl set-ntp true".'
    )
  ]
}
