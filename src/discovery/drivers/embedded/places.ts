import type { Sightings } from '../../sightings.js'

/** Where names are seen: each on one place or several, such as links. Tells whether it is seen at all. */
export class InstancePlaces<Place> {
  readonly #sightings: Sightings
  readonly #byUuid = new Map<string, Set<Place>>()

  /** @param sightings told of every change */
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
   * A place is there no longer.
   *
   * @param isLast whether there is no other: what was seen stays seen until it could be seen again
   */
  leave(place: Place, isLast: boolean): void {
    if (isLast) this.#sightings.doubt()
    for (const [uuid, places] of [...this.#byUuid]) {
      if (!places.delete(place) || places.size > 0) continue
      this.#byUuid.delete(uuid)
      if (!isLast) this.#sightings.gone(uuid)
    }
  }

  /** What is seen is in no doubt any more. */
  confirm(): void {
    for (const uuid of this.#byUuid.keys()) this.#sightings.seen(uuid)
  }
}
