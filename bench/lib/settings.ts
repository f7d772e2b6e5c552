import type { Settings } from 'tcpnet'
import type { NodeSettings } from './protocol.js'

/** The settings for tcpnet(), from a form that JSON can represent. */
export function settingsOf({ secretKey, ...settings }: NodeSettings): Settings {
  return { ...settings, ...(secretKey === undefined ? {} : { secret: Buffer.from(secretKey, 'hex') }) } as Settings
}
