export const packages = ['zyre.js']

export async function load() {
  const { default: Zyre } = await import('zyre.js')
  return async (mesh) => {
    const zyre = new Zyre()
    zyre.setEncoding('raw')
    /** Nothing tells when a message is sent. The pause lets sockets work; without it messages take ten times as long. */
    const link = (id) => ({
      write(data) {
        zyre.whisper(id, data)
        return new Promise(setImmediate)
      }
    })
    zyre.on('connect', (id) => mesh.connected(id, link(id)))
    zyre.on('disconnect', (id) => mesh.lost(id))
    zyre.on('whisper', (_id, _name, data) => mesh.received(data.length))
    await zyre.start()
    return { leave: () => zyre.stop() }
  }
}
