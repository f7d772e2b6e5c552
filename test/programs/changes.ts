// A service that prints the changes of its own state, as `tcpnet:change` publishes them, a line of JSON each. Its
// settings are its first argument, as JSON; the second, if any, is the address that it listens on.
import { subscribe } from 'node:diagnostics_channel'
import { type StateChange, tcpnet } from 'tcpnet'

subscribe('tcpnet:change', (message) => {
  const change = message as StateChange
  if (change.peer === null) console.log(JSON.stringify(change))
})
tcpnet(JSON.parse(process.argv[2] ?? '{}')).listen(0, process.argv[3])
