// What CommonJS packages get for require('buffer') in the bundle: the bundler cannot turn that into an import by itself.
export { Buffer } from 'node:buffer'
