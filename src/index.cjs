// require('tcpnet') gives the callable function: Node takes it from the export of index.js that is named 'module.exports'.
module.exports = require('./index.js')
