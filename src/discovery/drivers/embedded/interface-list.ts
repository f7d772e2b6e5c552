import type { InterfaceAddress } from '../../../addon.js'
import type { InterfaceSource } from '../../service-interface.js'

/** The interfaces that are up, and whether they have changed since they were used last. */
export class InterfaceList {
  readonly #source: InterfaceSource
  /** The interfaces at the last {@link use}, as text. */
  #used = ''
  /** The value of the source's `changes` when the interfaces were last compared. */
  #changes: number | undefined

  constructor(source: InterfaceSource) {
    this.#source = source
  }

  /** The addresses of the interfaces that are up. */
  use(): InterfaceAddress[] {
    const entries = this.#listUp()
    this.#used = textOf(entries)
    return entries
  }

  /** Whether the interfaces differ from those of the last {@link use}. */
  hasChanged(): boolean {
    const changes = this.#source.changes?.()
    if (changes !== undefined && changes === this.#changes) return false
    this.#changes = changes
    return textOf(this.#listUp()) !== this.#used
  }

  #listUp(): InterfaceAddress[] {
    return this.#source.list().filter(({ up }) => up)
  }
}

function textOf(entries: readonly InterfaceAddress[]): string {
  return entries
    .map(({ index, name, address, prefixLength }) => `${index} ${name} ${address}/${prefixLength}`)
    .join('\n')
}
