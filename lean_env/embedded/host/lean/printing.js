'use strict';
/** Lean's own pretty printer on live states, each print with a whole heartbeat allowance. */
const { query, goalsOf, resetHeartbeats } = require('./states.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */
/** @typedef {import('./types.js').TacticState} TacticState */

/** Lean's default line width, the one that LeanDojo's states have. */
const WIDTH = 120;

/** @param {Lean} lean @param {Pointer} format  consumed */
function formatText(lean, format) {
  return lean.takeString(lean.call('l_Std_Format_pretty', format, lean.box(WIDTH), lean.box(0), lean.box(0)));
}

/** The goals as `trace_state` would show them. Refuses where the printer throws. @param {Lean} lean @param {TacticState} state */
function printGoals(lean, state) {
  return goalsOf(lean, state).map((goal) => {
    resetHeartbeats(lean, state);
    return formatText(lean, query(lean, state, 'meta', 'l_Lean_Meta_ppGoal', [lean.inc(goal)]));
  });
}

/** @param {Lean} lean @param {TacticState} state @param {Pointer} expression  borrowed */
function printExpression(lean, state, expression) {
  resetHeartbeats(lean, state);
  return formatText(lean, query(lean, state, 'meta', 'l_Lean_Meta_ppExpr', [lean.inc(expression)]));
}

module.exports = { printGoals, printExpression };
