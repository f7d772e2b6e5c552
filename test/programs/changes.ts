// A service that prints the changes of its own state, as `tcpnet:change` publishes them, a line of JSON each. Its settings are
// its argument, as JSON.
import { subscribe } from 'node:diagnostics_channel'
import { type StateChange, tcpnet } from 'tcpnet'

subscribe('tcpnet:change', (message) => {
  const change = message as StateChange
  if (change.peer === null) console.log(JSON.stringify(change))
})
tcpnet(JSON.parse(process.argv[2] ?? '{}')).listen()
