'use strict';
/**
 * The decision about a proof term: rebuilt from text, added to a clean environment through the kernel, declaration by
 * declaration, and its type compared with the statement. Nothing here parses or elaborates.
 */
const { takeField } = require('./objects.js');
const { NdjsonReader } = require('./import_ndjson.js');
const { Refusal } = require('../refusal.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */
/** @typedef {{verdict: 'accept' | 'reject', reason: string}} Decision */

/** Kernel.Exception, in the order of its constructors; the last four have no fields. */
const KERNEL_EXCEPTIONS = [
  'unknownConstant', 'alreadyDeclared', 'declTypeMismatch', 'declHasMVars', 'declHasFVars', 'funExpected', 'typeExpected',
  'letTypeMismatch', 'exprTypeMismatch', 'appTypeMismatch', 'invalidProj', 'thmTypeIsNotProp', 'other',
  'deterministicTimeout', 'excessiveMemory', 'deepRecursion', 'interrupted',
];

/** These say that the kernel gave up, not that the proof is wrong. */
const GAVE_UP = new Set(['deterministicTimeout', 'excessiveMemory', 'deepRecursion', 'interrupted']);

/** Constants that make the kernel run compiled code. */
const RUNS_CODE = new Set(['Lean.reduceBool', 'Lean.reduceNat', 'Lean.ofReduceBool', 'Lean.ofReduceNat']);

/**
 * @param {Lean} lean
 * @param {Pointer} environment  borrowed, clean
 * @param {{type: Pointer, levels: Pointer}} target  borrowed, without metadata
 * @param {string} proof  NDJSON: auxiliary declarations, then the theorem
 * @param {number} heartbeats  limit in thousands, 0 = none
 * @param {Pointer} cancelToken  borrowed
 * @returns {Decision}  Refuses (kind limit) when the kernel gave up.
 */
function checkProof(lean, environment, target, proof, heartbeats, cancelToken) {
  const reader = new NdjsonReader(lean);
  let current = lean.inc(environment);
  try {
    const { declarations } = reader.read(proof);
    const theorem = declarations.at(-1);
    if (theorem === undefined || theorem.levels === null || theorem.type === null || theorem.kind !== 'thm') return reject('the last declaration is no theorem');
    if (!sameLevels(lean, theorem.levels, target.levels)) return reject('the theorem has other universe parameters than the statement');
    if (!sameExpression(lean, theorem.type, target.type)) return reject('the theorem states something else');
    const running = [...reader.expressions.values()].flatMap((expression) => runningConstants(lean, expression));
    if (running.length) return reject(`${running[0]} would make the kernel run compiled code`);

    lean.fn('lean_io_set_heartbeats')(lean.box(0));
    for (const { name, declaration, axioms } of declarations) {
      // This kernel does not check the parameters of nested occurrences in constructors (lean4#14576). As types of axioms it
      // checks everything in them; the environment with the axioms is thrown away.
      let scratch = lean.inc(current);
      for (const axiom of axioms) {
        const { environment: extended, failure } = tryToAdd(lean, scratch, name, axiom, heartbeats, cancelToken);
        scratch = extended;
        if (failure !== null) return reject(`${failure} in the types of ${name}`);
      }
      lean.dec(scratch);
      const before = current;
      current = lean.box(0);
      const { environment: extended, failure } = tryToAdd(lean, before, name, declaration, heartbeats, cancelToken);
      current = extended;
      if (failure !== null) return reject(`${failure} at ${name}`);
    }
    return { verdict: 'accept', reason: '' };
  } finally {
    if (lean.stackIsRewound()) {
      lean.dec(current);
      reader.release();
    }
  }
}

/**
 * @param {Lean} lean
 * @param {Pointer} environment  consumed
 * @param {string} name
 * @param {Pointer} declaration  borrowed
 * @param {number} heartbeats @param {Pointer} cancelToken
 * @returns {{environment: Pointer, failure: string | null}}  environment owned, nothing after a failure. Refuses when the kernel gave up.
 */
function tryToAdd(lean, environment, name, declaration, heartbeats, cancelToken) {
  const result = addDeclaration(lean, environment, declaration, heartbeats, cancelToken);
  if (lean.tag(result) !== 0) return { environment: takeField(lean, result, 0), failure: null };
  const exception = lean.field(result, 0);
  const kind = KERNEL_EXCEPTIONS[exception & 1 ? exception >>> 1 : lean.tag(exception)];
  lean.dec(result);
  if (GAVE_UP.has(kind)) throw new Refusal('limit', `the kernel gave up on ${name}: ${kind}`);
  return { environment: lean.box(0), failure: kind };
}

/** @param {string} reason @returns {Decision} */
const reject = (reason) => ({ verdict: 'reject', reason });

/**
 * @param {Lean} lean
 * @param {Pointer} environment  consumed
 * @param {Pointer} declaration  borrowed
 * @param {number} heartbeats  thousands
 * @param {Pointer} cancelToken  borrowed
 * @returns {Pointer} owned Except Kernel.Exception Environment
 */
function addDeclaration(lean, environment, declaration, heartbeats, cancelToken) {
  const some = lean.makeCtor(1, [lean.inc(cancelToken)]);
  const result = lean.fn('lean_elab_add_decl')(environment, heartbeats * 1000, declaration, some);
  lean.dec(some);
  return result;
}

/** @param {Lean} lean @param {Pointer} expression  borrowed: only its own node matters, the reader has all nodes */
function runningConstants(lean, expression) {
  const CONST = 4;
  if (lean.tag(expression) !== CONST) return [];
  const name = lean.nameToString(lean.field(expression, 0));
  return RUNS_CODE.has(name) ? [name] : [];
}

/** @param {Lean} lean @param {Pointer} left @param {Pointer} right  borrowed lists of names */
function sameLevels(lean, left, right) {
  const texts = [left, right].map((levels) => JSON.stringify(lean.listItems(levels).map((name) => lean.nameToString(name))));
  return texts[0] === texts[1];
}

/** Equal up to names and kinds of binders. @param {Lean} lean @param {Pointer} left @param {Pointer} right  borrowed, without metadata */
function sameExpression(lean, left, right) {
  return (lean.fn('lean_expr_eqv')(left, right) & 1) !== 0;
}

module.exports = { checkProof, sameExpression };
