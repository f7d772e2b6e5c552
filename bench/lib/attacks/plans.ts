/** What the program announcer.ts announces: its only argument, in JSON. */
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
  /** Strings of each TXT record beside those. Default 0. */
  strings?: number
  /** Whether each round announces other TXT records. */
  flapping?: boolean
  /** Milliseconds between two packets. */
  paceMs: number
  /** Answers the first looks of others with so many messages of 8,960 bytes, and announces nothing. */
  largeAnswers?: number
}

/** What the program knocker.ts does to a member: its only argument, in JSON. */
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
  /** A member's certificate: for `key-updates`. */
  tls?: { key: string; cert: string; ca: string }
}
