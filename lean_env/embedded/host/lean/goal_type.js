'use strict';
/** A goal as a closed type. */
const { instantiate, test } = require('./objects.js');
const { METAVAR_DECL, query, release, inContextOf, metavariablesOf, resetHeartbeats } = require('./states.js');
const { exportExpression } = require('./export_ndjson.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */
/** @typedef {import('./types.js').TacticState} TacticState */

/**
 * The goal's type with its local context reverted, as NDJSON; null when it has metavariables of its own.
 * @param {Lean} lean
 * @param {TacticState} state  borrowed
 * @param {Pointer} goal  borrowed MVarId
 */
function exportGoal(lean, state, goal) {
  resetHeartbeats(lean, state);
  const declaration = query(lean, state, 'meta', 'l_Lean_MVarId_getDecl', [lean.inc(goal)]);
  const inside = inContextOf(lean, state, declaration);
  const variables = lean.call('l_Lean_LocalContext_getFVars', lean.inc(lean.field(declaration, METAVAR_DECL.localContext)));
  const target = instantiate(lean, metavariablesOf(lean, state), query(lean, inside, 'meta', 'l_Lean_MVarId_getType', [lean.inc(goal)]));
  // mkForallFVars xs e usedOnly usedLetOnly generalizeNondepLet binderInfoForMVars
  const { box } = lean;
  const reverted = query(lean, inside, 'meta', 'l_Lean_Meta_mkForallFVars', [variables, target, box(0), box(0), box(0), box(1)]);
  const closed = instantiate(lean, metavariablesOf(lean, state), reverted);
  release(lean, inside);
  lean.dec(declaration);
  const open = test(lean, 'l_Lean_Expr_hasMVar', closed) || test(lean, 'l_Lean_Expr_hasFVar', closed);
  const text = open ? null : exportExpression(lean, closed);
  lean.dec(closed);
  return text;
}

module.exports = { exportGoal };
