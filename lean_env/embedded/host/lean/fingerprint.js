'use strict';
/** What an environment consists of, in a few hashes: to compare one made in a restored worker with one made cold. */
const crypto = require('node:crypto');
const { readConstant } = require('./objects.js');
const { hashMapEntries, persistentMapEntries } = require('./containers.js');
const { query } = require('./states.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */
/** @typedef {import('./types.js').TacticState} TacticState */

// SimpTheorems {pre, post, lemmaNames, toUnfold, erased, toUnfoldThms}; Instances {discrTree, instanceNames, erased}
const SIMP_SETS = { lemmaNames: 2, toUnfold: 3, erased: 4 };
const INSTANCE_SETS = { instanceNames: 1, erased: 2 };

/** Origin.decl declName | post inv; others have no name that outlives a goal. */
const ORIGIN_DECL = 0;

/** @param {string[]} lines  in any order */
function digest(lines) {
  return crypto.createHash('sha256').update(lines.sort().join('\n')).digest('hex');
}

/** Names, kinds and types (by Lean's own 32-bit hash of the expression). @param {Lean} lean @param {Pointer} environment  borrowed */
function constantLines(lean, environment) {
  const constants = lean.call('l_Lean_Environment_constants', lean.inc(environment)); // SMap {map₁, map₂ | stage₁}
  const lines = [];
  for (const [name, info] of hashMapEntries(lean, lean.field(constants, 0))) {
    const { kind, type } = readConstant(lean, info);
    const typeHash = lean.u32()[(type + 8 + 4 * lean.fieldCount(type)) >> 2];
    lines.push(`${lean.nameToString(name)} ${kind} ${typeHash}`);
  }
  lean.dec(constants);
  return lines;
}

/** @param {Lean} lean @param {TacticState} template  borrowed */
function simpLines(lean, template) {
  const theorems = query(lean, template, 'core', 'l_Lean_Meta_getSimpTheorems', []);
  /** @param {Pointer} key  Origin or Name */
  const text = (key) => {
    const origin = lean.tag(key) === ORIGIN_DECL && lean.fieldCount(key) === 1;
    return origin ? lean.nameToString(lean.field(key, 0)) : lean.nameToString(key);
  };
  const lines = Object.entries(SIMP_SETS).flatMap(([set, field]) => (
    [...persistentMapEntries(lean, lean.field(theorems, field))].map(([key]) => `${set} ${text(key)}`)
  ));
  lean.dec(theorems);
  return lines;
}

/** @param {Lean} lean @param {Pointer} environment  borrowed */
function instanceLines(lean, environment) {
  const extension = lean.inc(lean.globalValue('l_Lean_Meta_instanceExtension'));
  // ScopedEnvExtension.getState inhabited extension environment asyncMode (1 = mainOnly)
  const state = lean.call('l_Lean_ScopedEnvExtension_getState___redArg', lean.box(0), extension, lean.inc(environment), lean.box(1));
  const lines = Object.entries(INSTANCE_SETS).flatMap(([set, field]) => (
    [...persistentMapEntries(lean, lean.field(state, field))].map(([key]) => `${set} ${lean.nameToString(key)}`)
  ));
  lean.dec(state);
  return lines;
}

/**
 * @param {Lean} lean
 * @param {Pointer} environment  borrowed
 * @param {TacticState | null} template  borrowed; null where the environment has no tactics, and so no simp set to ask for
 */
function fingerprint(lean, environment, template) {
  const constants = constantLines(lean, environment);
  return {
    constants: constants.length,
    names_hash: digest(constants),
    simp_hash: template && digest(simpLines(lean, template)),
    instances_hash: digest(instanceLines(lean, environment)),
  };
}

module.exports = { fingerprint };
