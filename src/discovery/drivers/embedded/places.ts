import type { Sightings } from '../../sightings.js'

/** The places where each name is seen, such as interfaces. Reports whether a name is seen in any place. */
export class InstancePlaces<Place> {
  readonly #sightings: Sightings
  readonly #byUuid = new Map<string, Set<Place>>()

  /** @param sightings receives every change */
  constructor(sightings: Sightings) {
    this.#sightings = sightings
  }

  seen(uuid: string, place: Place): void {
    const places = this.#byUuid.get(uuid) ?? new Set()
    this.#byUuid.set(uuid, places)
    places.add(place)
    this.#sightings.seen(uuid)
  }

  gone(uuid: string, place: Place): void {
    const places = this.#byUuid.get(uuid)
    if (places?.delete(place) !== true || places.size > 0) return
    this.#byUuid.delete(uuid)
    this.#sightings.gone(uuid)
  }

  /**
   * Removes a place.
   *
   * @param isLast whether there is no other place: its names are then doubted instead of gone
   */
  leave(place: Place, isLast: boolean): void {
    if (isLast) this.#sightings.doubt()
    for (const [uuid, places] of [...this.#byUuid]) {
      if (!places.delete(place) || places.size > 0) continue
      this.#byUuid.delete(uuid)
      if (!isLast) this.#sightings.gone(uuid)
    }
  }

  /** Confirms all names that are seen. */
  confirm(): void {
    for (const uuid of this.#byUuid.keys()) this.#sightings.seen(uuid)
  }
}
