export type { Instance } from './discovery/discovery.js'
