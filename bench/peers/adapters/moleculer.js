import { Window } from '../window.js'

export const packages = ['moleculer']

export async function load() {
  const { default: moleculer } = await import('moleculer')
  return async (mesh) => {
    const nodeID = `member-${process.hrtime.bigint()}`
    const broker = new moleculer.ServiceBroker({ nodeID, transporter: 'TCP', logger: false })
    broker.createService({
      name: `bench`,
      actions: {
        receive: ({ params }) => mesh.received(params.data.length)
      }
    })
    // A peer can be called when its services are known.
    broker.localBus.on('$node.connected', ({ node }) => {
      const calls = new Window()
      const write = (data) =>
        calls.add(broker.call('bench.receive', { data: data.toString('latin1') }, { nodeID: node.id }))
      mesh.connected(node.id, { write })
    })
    broker.localBus.on('$node.disconnected', ({ node }) => mesh.lost(node.id))
    await broker.start()
    return { leave: () => broker.stop() }
  }
}
