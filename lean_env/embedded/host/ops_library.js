'use strict';
/** Operations on texts, on the library and on the worker itself. */
const { initialState, elaborateText } = require('./lean/frontend.js');
const { DEFAULT_SOFT_MS } = require('./ops_tactics.js');

/** @typedef {import('./session.js').Session} Session */

/**
 * Elaborates a whole text with Lean's default options.
 * @param {Session} session
 * @param {{imports: string[], source: string, soft_ms?: number}} request
 */
function checkText(session, { imports, source, soft_ms = DEFAULT_SOFT_MS }) {
  const { lean, watchdog, cancelToken } = session;
  const start = performance.now();
  const { pointer } = session.environments.get(imports);
  return session.within(soft_ms, () => {
    const begin = initialState(lean, pointer, lean.emptyOptions());
    const { state, messages } = elaborateText(lean, source, begin, { cancelToken, cancelled: () => watchdog.fired() });
    lean.dec(state);
    return {
      messages: messages.map(({ severity, data, pos }) => ({ severity, data, line: pos.line, column: pos.column })),
      ms: performance.now() - start,
    };
  });
}

/** @param {Session} session */
function memory({ lean, states, environments }) {
  const MIB = 2 ** 20;
  return {
    wasm_mb: lean.memoryBytes() / MIB,
    states: states.size,
    environments: environments.cache.size,
    rss_mb: Math.round(process.memoryUsage.rss() / MIB),
  };
}

module.exports = { checkText, memory };
