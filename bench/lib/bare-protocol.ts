/** Connect to all targets at a time of the wall clock; answered when there is this number of connections. */
export interface BareCommand {
  at: number
  targets: { host: string; port: number }[]
  peers: number
}
