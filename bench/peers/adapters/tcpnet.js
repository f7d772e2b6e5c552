export const packages = ['tcpnet']

export async function load(settings) {
  const { tcpnet } = await import('../../../dist/index.js')
  return async (mesh) => {
    const service = tcpnet({ name: 'bench-peers', ...settings })
    service.on('connection', (socket) => mesh.connected(socket.peer.uuid, socket))
    service.listen()
    return { leave: () => new Promise((resolve) => service.close(resolve)) }
  }
}
