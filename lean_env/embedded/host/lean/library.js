'use strict';
/** The library that every worker carries: full `import Init`, with the statements of its theorems. */
const { findConstant } = require('./objects.js');
const { Refusal } = require('../refusal.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */

/** @param {Lean} lean @param {string} name @returns {Pointer} owned ConstantInfo */
function constantNamed(lean, name) {
  const pointer = lean.makeName(name);
  const info = findConstant(lean, lean.environment, pointer);
  lean.dec(pointer);
  if (info === null) throw new Refusal('lean', `the library has no ${name}`);
  return info;
}

module.exports = { constantNamed };
