// The distributed hash table that a swarm needs: the test network of hyperdht, with its default of ten nodes. With three,
// members cannot tell how their address is seen, and only one end of each connection opens.
//   node hyperswarm-bootstrap.js ADDRESS
import createTestnet from 'hyperdht/testnet.js'

const { bootstrap } = await createTestnet(10, { host: process.argv[2], port: 49737 })
console.log(JSON.stringify({ bootstrap }))
