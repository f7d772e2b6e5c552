import { debuglog } from 'node:util'

/** Writes a line to stderr while NODE_DEBUG names `tcpnet`; costs one call otherwise. */
export const trace = debuglog('tcpnet')
