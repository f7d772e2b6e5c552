export const packages = ['zyre.js']

export async function load() {
  const { default: Zyre } = await import('zyre.js')
  return async (mesh) => {
    const zyre = new Zyre()
    zyre.setEncoding('raw')
    zyre.on('connect', (id) => mesh.connected(id, { write: (data) => zyre.whisper(id, data) }))
    zyre.on('disconnect', (id) => mesh.lost(id))
    zyre.on('whisper', (_id, _name, data) => mesh.received(data.length))
    await zyre.start()
    return { leave: () => zyre.stop() }
  }
}
