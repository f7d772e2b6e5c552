export const packages = ['hyperswarm']
/** The program that the members need on a host of its own; it prints the options that they get. */
export const helper = 'hyperswarm-bootstrap.js'

const TOPIC = Buffer.alloc(32, 'bench-peers')

export async function load({ bootstrap }) {
  const { default: Hyperswarm } = await import('hyperswarm')
  return async (mesh) => {
    const swarm = new Hyperswarm({ bootstrap })
    swarm.on('connection', (stream, { publicKey }) => mesh.connected(publicKey.toString('hex'), stream))
    swarm.join(TOPIC)
    return { leave: () => swarm.destroy() }
  }
}
