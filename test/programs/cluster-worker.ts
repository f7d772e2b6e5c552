// A worker of node:cluster with a service on the loopback interface. It sends the address of the service to the
// primary.
import { tcpnet } from 'tcpnet'

const service = tcpnet({ name: 'workers', driver: 'memory' })
service.listen(() => process.send?.(service.address()?.port))
process.on('disconnect', () => service.close())
