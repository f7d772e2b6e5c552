// The types for require('tcpnet'): the callable function, with everything else as its properties. Each name is imported: a
// namespace import would give only the export named 'module.exports', as require() does.
import type {
  DriverName as TDriverName,
  ErrorCode as TErrorCode,
  ListenOptions as TListenOptions,
  Peer as TPeer,
  PeerSocket as TPeerSocket,
  RejectInfo as TRejectInfo,
  Secret as TSecret,
  Service as TService,
  ServiceError as TServiceError,
  ServiceEvents as TServiceEvents,
  Settings as TSettings,
  StateChange as TStateChange,
  TcpnetError as TTcpnetError,
  TlsSettings as TTlsSettings,
  tcpnet as Ttcpnet
} from './index.js' with { 'resolution-mode': 'import' }

declare const tcpnet: typeof Ttcpnet & {
  readonly tcpnet: typeof Ttcpnet
  readonly default: typeof Ttcpnet
  readonly Service: typeof TService
  readonly TcpnetError: typeof TTcpnetError
}

declare namespace tcpnet {
  export type DriverName = TDriverName
  export type ErrorCode = TErrorCode
  export type ListenOptions = TListenOptions
  export type Peer = TPeer
  export type PeerSocket = TPeerSocket
  export type RejectInfo = TRejectInfo
  export type Secret = TSecret
  export type Service = TService
  export type ServiceError = TServiceError
  export type ServiceEvents = TServiceEvents
  export type Settings = TSettings
  export type StateChange = TStateChange
  export type TcpnetError = TTcpnetError
  export type TlsSettings = TTlsSettings
}

export = tcpnet
