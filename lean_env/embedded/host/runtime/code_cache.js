'use strict';
/**
 * V8's compiled code for slim.wasm, kept in a file. Compiling takes 0.36 s at every start and leaves slow code; the cache,
 * made after some seconds of real work, holds the optimised code of what a prover uses.
 *
 * V8 rejects a cache that another version, or the same version with other flags, has made: it must be made by a process
 * with the worker's flags. A rejected cache costs time, not correctness.
 */
const fs = require('fs');
const v8 = require('v8');

// %SerializeWasmModule and %DeserializeWasmModule are natives: there is no public function for it in Node.
const NATIVES = '--allow-natives-syntax';

/**
 * @param {string} wasmFile @param {string} cacheFile @param {boolean} useCache
 * @returns {{module: WebAssembly.Module, fromCache: boolean}}
 */
function loadModule(wasmFile, cacheFile, useCache) {
  v8.setFlagsFromString(NATIVES);
  const bytes = fs.readFileSync(wasmFile);
  if (useCache && fs.existsSync(cacheFile)) {
    const cache = fs.readFileSync(cacheFile);
    const deserialize = new Function('cache', 'bytes', 'return %DeserializeWasmModule(cache, bytes)');
    const buffer = cache.buffer.slice(cache.byteOffset, cache.byteOffset + cache.length);
    const module = deserialize(buffer, bytes); // undefined when V8 rejects it
    if (module) return { module, fromCache: true };
  }
  return { module: new WebAssembly.Module(bytes), fromCache: false };
}

/** @param {WebAssembly.Module} module @returns {Buffer} */
function serializeModule(module) {
  return Buffer.from(new Function('module', 'return %SerializeWasmModule(module)')(module));
}

module.exports = { loadModule, serializeModule };
