/** The only argument of the program announcer.ts, in JSON. */
export interface AnnouncerPlan {
  /** The cluster's name. */
  name: string
  /** The address of the interface to announce on. */
  from: string
  /** False instances. They share the hosts in turn. */
  count: number
  /** The addresses of each host. */
  hosts: readonly (readonly string[])[]
  port: number
  /** The values of `sec` in the TXT records, in turn. */
  sec: readonly string[]
  /** Additional strings of each TXT record. Default 0. */
  strings?: number
  /** Whether the TXT records change in each round. */
  flapping?: boolean
  /** Milliseconds between two packets. */
  paceMs: number
  /** The number of messages of 8,960 bytes with which first looks are answered; nothing is announced then. */
  largeAnswers?: number
}

/** The only argument of the program knocker.ts, in JSON. */
export interface KnockerPlan {
  kind: 'chains' | 'ffdhe' | 'fresh' | 'claims' | 'key-updates'
  host: string
  port: number
  /** The addresses to connect from, in turn. */
  from: readonly string[]
  /** The cluster's name, the uuid of the member, and those of the peers that are claimed in turn. */
  name: string
  uuid: string
  peers: readonly string[]
  /** A member's certificate, for `key-updates`. */
  tls?: { key: string; cert: string; ca: string }
}
