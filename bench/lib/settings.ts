import type { Settings } from 'tcpnet'
import type { NodeSettings } from './protocol.js'

/** What tcpnet() takes, of what can be said in JSON. */
export function settingsOf({ secretKey, ...settings }: NodeSettings): Settings {
  return { ...settings, ...(secretKey === undefined ? {} : { secret: Buffer.from(secretKey, 'hex') }) } as Settings
}
