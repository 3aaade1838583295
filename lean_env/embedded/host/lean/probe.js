'use strict';
/**
 * Which automation runs in an environment. Early modules know the syntax of `grind` or `omega` but not the lemmas that their
 * proofs are made of, so each is tried on goals that need nothing else.
 */
const { elaborateStatement, releaseStatement } = require('./statement.js');
const { openExpression, release, goalsOf } = require('./states.js');
const { runTactic } = require('./tactic.js');
const { closedTerm, mentions } = require('./proof_term.js');
const { Refusal } = require('../refusal.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */
/** @typedef {import('./types.js').TacticState} TacticState */
/** @typedef {import('./tactic_parser.js').TacticParser} TacticParser */

/** Statement and tactic; a tactic runs when it proves all of its goals. @type {Record<string, [string, string][]>} */
const GOALS = {
  simp: [['∀ (p : Prop), p → p', 'intro p h; simp [h]'], ['∀ (α : Type) (a : α), a = a', 'intro α a; simp']],
  simp_all: [['∀ (p q : Prop), p → (p → q) → q', 'intro p q h k; simp_all']],
  omega: [['∀ (a b : Nat), a < b → a < b + 1', 'intro a b h; omega'], ['∀ (a b : Int), a < b → a + 1 ≤ b', 'intro a b h; omega']],
  grind: [
    ['∀ (p q : Prop), p → (p → q) → q', 'intro p q h k; grind'],
    ['∀ (f : Nat → Nat) (a b : Nat), a = b → f a = f b', 'intro f a b h; grind'],
  ],
  rcases: [['∀ (p q : Prop), And p q → q', 'intro p q h; rcases h with ⟨a, b⟩; exact b']],
};

/**
 * @param {Lean} lean
 * @param {{pointer: Pointer, parser: TacticParser, template: TacticState, statementOptions: Pointer, cancelToken: Pointer}} environment  borrowed
 * @returns {Record<string, boolean>}
 */
function probe(lean, { pointer, parser, template, statementOptions, cancelToken }) {
  /** @param {[string, string]} goal */
  const proves = ([text, tactic]) => {
    let statement;
    try {
      statement = elaborateStatement(lean, { environment: pointer, options: statementOptions, scopes: null }, text, [], cancelToken);
    } catch (error) {
      if (error instanceof Refusal) return false;
      throw error;
    }
    const { state, goal } = openExpression(lean, template, statement.type, statement.levels);
    const step = runTactic(lean, parser, state, tactic, 0);
    const proved = step.state !== null && closes(lean, pointer, goal, step.state);
    if (step.state) release(lean, step.state);
    release(lean, state);
    lean.dec(goal);
    releaseStatement(lean, statement);
    return proved;
  };
  return Object.fromEntries(Object.entries(GOALS).map(([tactic, goals]) => [tactic, goals.every(proves)]));
}

/** @param {Lean} lean @param {Pointer} environment @param {Pointer} goal @param {TacticState} state  all borrowed */
function closes(lean, environment, goal, state) {
  if (goalsOf(lean, state).length) return false;
  try {
    const term = closedTerm(lean, goal, state);
    const sorry = mentions(lean, state, environment, term, 'sorryAx');
    lean.dec(term);
    return !sorry;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

module.exports = { probe };
