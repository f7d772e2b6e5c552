// Imports packages as an application does, and prints the milliseconds since the start of the process.
//   node import.js PACKAGES...
for (const name of process.argv.slice(2)) await import(name === 'tcpnet' ? '../../dist/index.js' : name)
console.log(performance.now())
process.exit(0)
