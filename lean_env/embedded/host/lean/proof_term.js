'use strict';
/** The closed proof term of a finished state, and the constants that came into being on the way. */
const { findConstant, hasConstant, readConstant, forEachUsedConstant, instantiate, test } = require('./objects.js');
const { environmentOf, metavariablesOf } = require('./states.js');
const { Refusal } = require('../refusal.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */
/** @typedef {import('./types.js').TacticState} TacticState */

/**
 * What the root goal was assigned. Refuses a term with metavariables (`let rec` leaves one) or free variables.
 * @param {Lean} lean
 * @param {Pointer} rootGoal  borrowed MVarId with an empty local context
 * @param {TacticState} state  borrowed
 * @returns {Pointer} owned Expr
 */
function closedTerm(lean, rootGoal, state) {
  const term = instantiate(lean, metavariablesOf(lean, state), lean.call('l_Lean_mkMVar', lean.inc(rootGoal)));
  const open = test(lean, 'l_Lean_Expr_hasMVar', term) ? 'metavariables' : test(lean, 'l_Lean_Expr_hasFVar', term) ? 'free variables' : null;
  if (open) {
    lean.dec(term);
    throw new Refusal('lean', `the proof term still has ${open}`);
  }
  return term;
}

/**
 * The constants that some expressions rest on and that are not known (omega's `_proof_1`, matchers, ...), each after those
 * it uses itself.
 * @param {Lean} lean
 * @param {Pointer} environment  borrowed: where the expressions were made
 * @param {(name: Pointer, text: string) => boolean} isKnown  what was there before the theorem was opened
 * @param {Pointer[]} expressions  borrowed
 * @returns {Pointer[]} owned ConstantInfos
 */
function auxiliaryConstants(lean, environment, isKnown, expressions) {
  /** @type {Set<string>} */
  const seen = new Set();
  /** @type {Pointer[]} */
  const ordered = [];
  /** @param {Pointer} expression */
  const visit = (expression) => forEachUsedConstant(lean, expression, (name) => {
    const text = lean.nameToString(name);
    if (seen.has(text)) return;
    seen.add(text);
    if (isKnown(name, text)) return;
    const info = findConstant(lean, environment, name);
    if (info === null) throw new Refusal('lean', `the proof uses ${text}, which does not exist`);
    const { type, value } = readConstant(lean, info);
    visit(type);
    if (value !== null) visit(value);
    ordered.push(info);
  });
  expressions.forEach(visit);
  return ordered;
}

/**
 * Whether any of these expressions mentions that constant, directly or through auxiliary constants.
 * @param {Lean} lean
 * @param {TacticState} state  borrowed
 * @param {Pointer} clean  borrowed Environment
 * @param {Pointer} term  borrowed
 * @param {string} constant
 */
function mentions(lean, state, clean, term, constant) {
  let found = false;
  /** @param {Pointer} expression */
  const look = (expression) => forEachUsedConstant(lean, expression, (name) => { found ||= lean.nameToString(name) === constant; });
  look(term);
  for (const info of auxiliaryConstants(lean, environmentOf(lean, state), (name) => hasConstant(lean, clean, name), [term])) {
    const { type, value } = readConstant(lean, info);
    look(type);
    if (value !== null) look(value);
    lean.dec(info);
  }
  return found;
}

module.exports = { closedTerm, auxiliaryConstants, mentions };
