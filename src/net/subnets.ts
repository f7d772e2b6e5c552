import { BlockList } from 'node:net'
import type { InterfaceAddress } from '../addon.js'

interface Ipv4Subnet {
  readonly first: number
  readonly last: number
  /** Whether hosts can have the first and the last address (RFC 3021). */
  readonly hasEnds: boolean
}

/** The subnets of an interface. IPv4 addresses are compared as numbers, in a tenth of the time that a `net.BlockList` takes. */
export class Subnets {
  readonly #ipv4: Ipv4Subnet[] = []
  readonly #ipv6 = new BlockList()

  /** Adds the subnet of an address. */
  add({ family, address, prefixLength }: Pick<InterfaceAddress, 'family' | 'address' | 'prefixLength'>): void {
    if (family === 6) return this.#ipv6.addSubnet(address, prefixLength, 'ipv6')
    const size = 2 ** (32 - prefixLength)
    const first = Math.floor(numberOf(address) / size) * size
    this.#ipv4.push({ first, last: first + size - 1, hasEnds: prefixLength >= 31 })
  }

  /** Whether an address is in one of the subnets. */
  has(address: string): boolean {
    if (address.includes(':')) return this.#ipv6.check(address, 'ipv6')
    const number = numberOf(address)
    return this.#ipv4.some(({ first, last }) => first <= number && number <= last)
  }

  /** Whether an address is the first or the last of an IPv4 subnet, which no host has (RFC 1122 §3.2.1.3). */
  isEnd(address: string): boolean {
    const number = numberOf(address)
    return this.#ipv4.some(({ first, last, hasEnds }) => !hasEnds && (number === first || number === last))
  }
}

/** An IPv4 address as a number. */
function numberOf(address: string): number {
  let number = 0
  for (const byte of address.split('.')) number = number * 256 + Number(byte)
  return number
}
