// What CommonJS packages get for require('buffer') in the bundle: the bundler makes no import of it.
export const { Buffer } = globalThis
