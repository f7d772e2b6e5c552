/** Connect to all of the targets at a time of the wall clock; answered when there are so many connections. */
export interface BareCommand {
  at: number
  targets: { host: string; port: number }[]
  peers: number
}
