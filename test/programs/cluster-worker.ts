// A worker of node:cluster with a service on the loopback interface: it tells where that listens.
import { tcpnet } from 'tcpnet'

const service = tcpnet({ name: 'workers', driver: 'memory' })
service.listen(() => process.send?.(service.address()?.port))
process.on('disconnect', () => service.close())
