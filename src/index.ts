import { TcpnetError } from './errors.js'
import type { PeerSocket } from './events.js'
import { Service } from './service.js'
import type { Settings } from './settings.js'
import './warm.js'

export type { ErrorCode } from './errors.js'
export type { PeerSocket, ServiceError, ServiceEvents } from './events.js'
export type { Peer } from './mesh/peer.js'
export type { RejectInfo } from './mesh/refusals.js'
export type { Secret } from './security/secret-setting.js'
export type { TlsSettings } from './security/tls-settings.js'
export type { DriverName, ListenOptions, Settings } from './settings.js'
export type { StateChange } from './trace.js'
export { Service, TcpnetError }

/**
 * Makes a service: one member of the cluster `name`. It uses no network until `listen()`.
 *
 * ```js
 * tcpnet('my-cluster', (socket) => socket.write('hello')).listen()
 * ```
 *
 * @param settings the cluster's name, or all settings
 * @param onConnection a listener for `connection`
 * @throws {TypeError} ERR_INVALID_ARG_TYPE if a setting has the wrong type
 * @throws {RangeError} ERR_INVALID_ARG_VALUE if a setting has an invalid value
 */
export function tcpnet(settings: string | Settings, onConnection?: (socket: PeerSocket) => void): Service {
  return new Service(settings, onConnection)
}

export default tcpnet

/** What `require('tcpnet')` returns (the export name is Node's): the function itself, with the other exports as properties. */
const required = Object.assign(tcpnet, { default: tcpnet, tcpnet, Service, TcpnetError })

export { required as 'module.exports' }
