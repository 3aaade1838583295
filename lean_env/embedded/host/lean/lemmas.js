'use strict';
/**
 * Lemmas that a theorem may borrow: certified declarations, added to an environment through the kernel, and the library's own
 * simp marks set on them. What is proved with them brings them along in its export; nothing here is believed.
 */
const { initialState, elaborateText } = require('./frontend.js');
const { NdjsonReader } = require('./import_ndjson.js');
const { withFields } = require('./objects.js');
const { CORE_STATE, share, release, runMonadic, exceptionText, environmentOf } = require('./states.js');
const { Refusal } = require('../refusal.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */
/** @typedef {import('./types.js').TacticState} TacticState */
/** `digest` stands for the rest. `terms`: NDJSON, each after what it rests on. `marks`: commands that make simp lemmas of them.
 *  @typedef {{digest: string, terms: string[], marks: string[]}} Lemmas */

/**
 * @param {Lean} lean
 * @param {Pointer} environment  borrowed
 * @param {TacticState} base  borrowed: its template
 * @param {Lemmas} lemmas
 * @param {Pointer} options  consumed
 * @param {Pointer} cancelToken  borrowed
 * @returns {Pointer} owned Command.State. Refuses what the kernel does not take.
 */
function stateWithLemmas(lean, environment, base, { terms, marks }, options, cancelToken) {
  let state = share(lean, base);
  state.core = withFields(lean, state.core, { [CORE_STATE.environment]: lean.inc(environment) });
  for (const term of terms) state = withTerm(lean, state, term);
  const begin = initialState(lean, environmentOf(lean, state), options);
  release(lean, state);
  // A mark that Lean refuses (where less is imported a left side may be a variable) is left out: the lemma can still be cited.
  return elaborateText(lean, marks.map((mark) => `${mark}\n`).join(''), begin, { cancelToken }).state;
}

/**
 * Lean's own addDecl, which checks, and makes the constant known to elaboration.
 * @param {Lean} lean @param {TacticState} state  consumed @param {string} term @returns {TacticState} owned
 */
function withTerm(lean, state, term) {
  const reader = new NdjsonReader(lean);
  let current = state;
  try {
    for (const { name, declaration } of reader.read(term).declarations) {
      // addDecl decl forceExpose
      const { ok, value, state: after } = runMonadic(lean, current, 'core', 'l_Lean_addDecl', [lean.inc(declaration), lean.box(0)]);
      release(lean, current);
      current = after;
      if (!ok) throw new Refusal('lean', `the kernel does not take ${name}: ${exceptionText(lean, value)}`);
      lean.dec(value);
    }
    return current;
  } catch (error) {
    if (lean.stackIsRewound()) release(lean, current);
    throw error;
  } finally {
    if (lean.stackIsRewound()) reader.release();
  }
}

module.exports = { stateWithLemmas };
