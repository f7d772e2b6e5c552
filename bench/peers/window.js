/** How many requests may be under way. */
const LIMIT = 64

/** Flow control for packages that have none but the answers to their requests. */
export class Window {
  #open = 0
  #wake = () => {}

  /** Resolves when another request may be made. */
  async add(request) {
    this.#open++
    request.then(this.#done, (error) => {
      console.error(error.message)
      this.#done()
    })
    while (this.#open >= LIMIT) await new Promise((resolve) => (this.#wake = resolve))
  }

  #done = () => {
    this.#open--
    this.#wake()
  }
}
