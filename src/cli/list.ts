import { localAddresses } from '../net/addresses.js'
import type { Run } from './command.js'
import type { FoundService } from './mdns/directory.js'
import { Search } from './mdns/search.js'
import type { Output } from './output.js'
import { fit, jsonLine, shortUuid, shownText } from './shown.js'

/**
 * Milliseconds without a new service before the first lines are written, because most answers arrive at the same time.
 */
const QUIET_MS = 15

/** `tcpnet list`: the services on the network, by cluster. */
export const run: Run = async ({ arguments: given, output, errors, ending }) => {
  const name = given.nameIfAny()
  const waitMs = given.number('wait', 1.5, { least: 0 }) * 1000
  const list = new List(output, { json: given.flag('json'), watch: given.flag('watch') })
  let timer: NodeJS.Timeout | undefined
  const show = () => list.show(search.directory.services)
  const search = new Search({
    name,
    interfaces: localAddresses(),
    goesOn: given.flag('watch'),
    onChange: () => {
      clearTimeout(timer)
      timer = setTimeout(show, QUIET_MS)
    }
  })
  await (given.flag('watch') ? ending.ended : ending.pause(waitMs))
  clearTimeout(timer)
  if (ending.code === null) show()
  search.close()
  if (ending.code !== null) return ending.code
  if (list.count > 0) return 0
  const where = name === null ? 'no tcpnet service was' : `no service of the cluster "${name}" was`
  errors.line(`tcpnet: ${where} found. "npx tcpnet doctor${name === null ? '' : ` ${name}`}" tells why.`)
  return 1
}

/** The services that were written so far. */
class List {
  readonly #output: Output
  readonly #json: boolean
  readonly #watch: boolean
  readonly #shown = new Map<string, { readonly line: string; readonly found: FoundService }>()
  #hasHead = false

  constructor(output: Output, { json, watch }: { json: boolean; watch: boolean }) {
    this.#output = output
    this.#json = json
    this.#watch = watch
  }

  /** The number of services that were written. */
  get count(): number {
    return this.#shown.size
  }

  /** Writes new services; with --watch also changed and gone ones. */
  show(services: readonly FoundService[]): void {
    const present = new Map(services.map((found) => [keyOf(found), found]))
    for (const [key, { found }] of this.#shown) {
      if (!this.#watch || present.has(key)) continue
      this.#shown.delete(key)
      this.#tell('gone', found)
    }
    for (const [key, found] of present) {
      const known = this.#shown.get(key)
      const line = JSON.stringify(found)
      if (known === undefined) this.#tell('found', found)
      else if (this.#watch && known.line !== line) this.#tell('changed', found)
      else continue
      this.#shown.set(key, { line, found })
    }
  }

  #tell(event: 'found' | 'changed' | 'gone', found: FoundService): void {
    if (this.#json) return this.#output.line(jsonLine({ ...(this.#watch ? { event } : {}), ...told(found) }))
    const { isTerminal, size } = this.#output
    const sign = this.#watch ? `${{ found: '+', changed: '~', gone: '-' }[event]} ` : ''
    if (isTerminal && !this.#hasHead) this.#head(sign.length, size.columns)
    this.#hasHead = true
    const line = sign + rowOf(found, isTerminal ? size.columns : Number.POSITIVE_INFINITY)
    this.#output.line(isTerminal ? fit(line, size.columns).trimEnd() : line)
  }

  #head(indent: number, columns: number): void {
    const head = row(['CLUSTER', 'UUID', 'HOST', 'PORT', 'SECURITY', 'ADDRESSES'], columns)
    this.#output.line(this.#output.styled('bold', fit(' '.repeat(indent) + head, columns).trimEnd()))
  }
}

function keyOf({ cluster, uuid, host, port }: FoundService): string {
  return `${cluster}/${uuid}/${host}:${port}`
}

/** The JSON form of a service. */
function told({ cluster, uuid, host, port, security, version, addresses }: FoundService): object {
  const each = addresses.map(({ address, interfaceName }) => ({ address, interface: interfaceName }))
  return { cluster, uuid, host, port, security, version, addresses: each }
}

function rowOf(found: FoundService, columns: number): string {
  const { cluster, uuid, host, port, security } = found
  const addresses = new Set(found.addresses.map(({ address, interfaceName }) => scoped(address, interfaceName)))
  const shown = columns < WIDE ? shortUuid(uuid) : uuid
  const secured = security === 'none' ? 'open' : shownText(security)
  return row([cluster, shown, host, String(port), secured, [...addresses].sort(ipv4First).join(' ')], columns)
}

/** An address with its scope, without which a link-local one is ambiguous (RFC 4007 §6). */
function scoped(address: string, interfaceName: string): string {
  return /^fe[89ab]/i.test(address) ? `${address}%${interfaceName}` : address
}

function ipv4First(a: string, b: string): number {
  return Number(a.includes(':')) - Number(b.includes(':'))
}

/** The least number of columns for complete uuids. */
const WIDE = 120

function row(cells: readonly string[], columns: number): string {
  const widths = columns < WIDE ? [15, 8, 14, 5, 8] : [15, 32, 20, 5, 8]
  const isCut = columns < Number.POSITIVE_INFINITY
  return cells
    .map((cell, at) => {
      const width = widths[at]
      if (width === undefined) return cell
      return isCut ? fit(cell, width) : cell.padEnd(width)
    })
    .join(' ')
}
