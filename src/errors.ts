/** Every code of an error or a rejection that tcpnet makes, and what it means; docs/errors.md says what to do about each. */
export type ErrorCode =
  | 'ERR_TCPNET_ADDON'
  | 'ERR_TCPNET_DRIVER'
  | 'ERR_TCPNET_NO_DAEMON'
  | 'ERR_TCPNET_DAEMON_REFUSED'
  | 'ERR_TCPNET_CONFLICT'

/** An error with one of tcpnet's codes. */
export class TcpnetError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'TcpnetError'
    this.code = code
  }
}

/** The native addon is missing or does not load. */
export class AddonError extends TcpnetError {
  constructor(root: string, cause: unknown) {
    const said = cause instanceof Error ? cause.message : String(cause)
    super(
      'ERR_TCPNET_ADDON',
      `tcpnet's native addon for ${process.platform}-${process.arch} did not load from ${root}: ${said}. ` +
        'Reinstall the package for this platform, or build the addon there with "npx node-gyp rebuild" ' +
        '(needs python3, make and a C++ compiler).',
      cause
    )
  }
}
