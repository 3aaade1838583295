'use strict';
/** The library's constants: Init, which every worker carries, and Std, which is loaded when it is first asked for. */
const { findConstant, readConstant } = require('./objects.js');
const { Refusal } = require('../refusal.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */
/** @typedef {import('./environments.js').Environments} Environments */

const WITH_STD = ['Init', 'Std'];

/** @param {Environments} environments @param {string} name @returns {Pointer} owned ConstantInfo */
function constantNamed(environments, name) {
  const { lean } = environments;
  const pointer = lean.makeName(name);
  const info = findConstant(lean, lean.environment, pointer) ?? findConstant(lean, environments.get(WITH_STD).pointer, pointer);
  lean.dec(pointer);
  if (info === null) throw new Refusal('lean', `the library has no ${name}`);
  return info;
}

/** Last or inner components of names that Lean generates. */
const GENERATED = new RegExp(
  '(^|\\.)(' + [
    '_\\w*', 'match_\\d+.*', 'proof_\\d+', 'eq_\\d+', 'eq_def', 'sizeOf_spec', 'injEq', 'inj', 'hinj', 'noConfusion\\w*', 'congr_simp', 'ctorIdx\\w*',
    'induct(_unfolding)?', 'fun_cases\\w*', 'mutual_induct', 'brecOn\\w*', 'below\\w*', 'recOn', 'casesOn', 'binductionOn',
  ].join('|') + ')(\\.|$)|✝|_hyg|«|_auxLemma|_sizeOf|_simp_\\d|_unary',
);

/** Whether a person gave this name. @param {string} name */
function isHumanName(name) {
  return !GENERATED.test(name);
}

/**
 * Theorems are stored without bodies and look like axioms; an extension remembers what they were.
 * @param {Lean} lean @param {Pointer} name  borrowed @param {Pointer} info  borrowed
 */
function isTheorem(lean, name, info) {
  const { kind } = readConstant(lean, info);
  if (kind === 'thm') return true;
  return kind === 'axiom' && lean.call('l_Lean_wasOriginallyTheorem', lean.inc(lean.environment), lean.inc(name)) >> 1 !== 0;
}

/**
 * The human-named theorems of the library's modules.
 * @param {Lean} lean
 * @param {Set<string> | null} wanted  module names; null: all
 * @returns {Generator<{module: string, name: string, info: Pointer}>}  info borrowed from the base environment
 */
function* libraryTheorems(lean, wanted) {
  // EnvironmentHeader 3 modules, 5 moduleData {imports, constNames, constants, …}
  const header = lean.call('l_Lean_Environment_header', lean.inc(lean.environment));
  try {
    const modules = lean.arrayItems(lean.field(header, 3)).map((module) => lean.nameToString(lean.field(lean.field(module, 0), 0)));
    for (const [i, data] of lean.arrayItems(lean.field(header, 5)).entries()) {
      if (wanted && !wanted.has(modules[i])) continue;
      const infos = lean.arrayItems(lean.field(data, 2));
      for (const [k, pointer] of lean.arrayItems(lean.field(data, 1)).entries()) {
        const name = lean.nameToString(pointer);
        if (isHumanName(name) && isTheorem(lean, pointer, infos[k])) yield { module: modules[i], name, info: infos[k] };
      }
    }
  } finally {
    if (lean.stackIsRewound()) lean.dec(header);
  }
}

module.exports = { constantNamed, libraryTheorems };
