'use strict';
/** A goal as a closed type. */
const { withFields, instantiate, test } = require('./objects.js');
const { META_CONTEXT, query, share, release, metavariablesOf, resetHeartbeats } = require('./states.js');
const { exportExpression } = require('./export_ndjson.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */
/** @typedef {import('./types.js').TacticState} TacticState */

/** Fields of MetavarDecl {userName, lctx, type, depth, localInstances, …}. */
const METAVAR_DECL = { localContext: 1, localInstances: 4 };

/**
 * The goal's type with its local context reverted, as NDJSON; null when it has metavariables of its own.
 * @param {Lean} lean
 * @param {TacticState} state  borrowed
 * @param {Pointer} goal  borrowed MVarId
 */
function exportGoal(lean, state, goal) {
  resetHeartbeats(lean, state);
  const declaration = query(lean, state, 'meta', 'l_Lean_MVarId_getDecl', [lean.inc(goal)]);
  const localContext = lean.field(declaration, METAVAR_DECL.localContext);
  const inside = share(lean, state);
  inside.metaContext = withFields(lean, inside.metaContext, {
    [META_CONTEXT.localContext]: lean.inc(localContext),
    [META_CONTEXT.localInstances]: lean.inc(lean.field(declaration, METAVAR_DECL.localInstances)),
  });
  const variables = lean.call('l_Lean_LocalContext_getFVars', lean.inc(localContext));
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
