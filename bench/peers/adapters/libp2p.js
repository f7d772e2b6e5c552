export const packages = ['libp2p', '@libp2p/mdns', '@libp2p/tcp', '@chainsafe/libp2p-noise', '@chainsafe/libp2p-yamux']
const PROTOCOL = '/bench-peers/1'

export async function load() {
  // libp2p 3 needs it; Node 20 does not have it.
  Promise.withResolvers ??= () => {
    let [resolve, reject] = []
    const promise = new Promise((...both) => ([resolve, reject] = both))
    return { promise, resolve, reject }
  }
  const [{ createLibp2p }, { mdns }, { tcp }, { noise }, { yamux }] = await Promise.all(
    packages.map((name) => import(name))
  )
  return async (mesh) => {
    const node = await createLibp2p({
      addresses: { listen: ['/ip4/0.0.0.0/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      peerDiscovery: [mdns()]
    })
    await node.handle(PROTOCOL, (stream) => {
      stream.addEventListener('message', ({ data }) => mesh.received(data.byteLength))
    })
    node.addEventListener('peer:discovery', ({ detail }) => {
      node.dial(detail.id).catch((error) => console.error(error.message))
    })
    node.addEventListener('peer:connect', ({ detail: id }) => mesh.connected(id.toString(), link(node, id)))
    node.addEventListener('peer:disconnect', ({ detail: id }) => mesh.lost(id.toString()))
    return { leave: () => node.stop() }
  }
}

/** One stream to the peer, opened with the first data. */
function link(node, id) {
  let stream
  return {
    async write(data) {
      stream ??= await node.dialProtocol(id, PROTOCOL)
      if (!stream.send(data)) await stream.onDrain()
    }
  }
}
