import { findings } from '../finding.js'
import type { Check } from '../machine.js'

const { warning, good } = findings('addon')

/** Whether the native addon loads. */
export const addon: Check = async (machine) => {
  const { addonError } = await machine.trial()
  if (addonError === null) return [good('The native addon is loaded.')]
  return [
    warning(
      `The native addon cannot be loaded, so the daemon cannot be used, and dead hosts are noticed later. ${addonError}`,
      'Reinstall tcpnet on this machine, or build the addon there.'
    )
  ]
}
