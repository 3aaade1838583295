'use strict';
/**
 * Live tactic states: capture one, run Lean's monadic functions on it, open an expression as a goal.
 *
 * A state is captured by putting a host function in the place of `skip`'s elaborator: Lean's elaborator table leads
 * `theorem … := by skip` to us with everything that TacticM has.
 */
const { HEADER_BYTES, withFields, takeField } = require('./objects.js');
const { elaborateText } = require('./frontend.js');
const { Refusal } = require('../refusal.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */
/** @typedef {import('./types.js').TacticState} TacticState */
/** @typedef {'tactic' | 'term' | 'meta' | 'core'} Level  which of Lean's monads a function runs in */

const SKIP_ELABORATOR = 'l_Lean_Elab_Tactic_evalSkip___boxed';

// Fields of Core.Context, Core.State, Meta.Context, Meta.State, Term.State.
const CORE_CONTEXT = { initHeartbeats: 8, maxHeartbeats: 9 };
const CORE_STATE = { environment: 0, messages: 6, info: 7 };
const META_CONTEXT = { localContext: 2, localInstances: 3 };
const META_STATE = { metavariables: 0 };
const TERM_STATE = { levelNames: 0 };

/** @type {(keyof TacticState)[]} */
const PARTS = ['tacticContext', 'termContext', 'metaContext', 'coreContext', 'goals', 'term', 'meta', 'core'];

/** The next call of the hooked `skip` goes here. @type {((state: TacticState) => void) | null} */
let captured = null;

/**
 * Hooks `skip`. Once a process, before the first capture; outside of a capture `skip` then still does nothing.
 * @param {Lean} lean
 */
function installCapture(lean) {
  lean.replaceFunction(SKIP_ELABORATOR, (...args) => {
    const [syntax, tacticContext, tacticRef, termContext, termRef, metaContext, metaRef, coreContext, coreRef] = args;
    if (captured) {
      const receive = captured;
      captured = null;
      receive({
        tacticContext, termContext, metaContext, coreContext,
        goals: lean.readRef(tacticRef), term: lean.readRef(termRef), meta: lean.readRef(metaRef), core: lean.readRef(coreRef),
      });
      for (const argument of [syntax, tacticRef, termRef, metaRef, coreRef]) lean.dec(argument);
    } else {
      for (const argument of args) lean.dec(argument);
    }
    return lean.makeCtor(0, [lean.box(0)]); // EStateM.Result.ok ()
  });
}

/**
 * A state to open goals from. Refuses where `theorem … := by skip` does not elaborate.
 * @param {Lean} lean
 * @param {Pointer} command  consumed Command.State, without variables; its options stay those of the state
 * @param {string} name  the theorem's; auxiliary constants of tactics are named after it
 * @param {Pointer} cancelToken  borrowed; the state keeps it
 * @returns {TacticState}
 */
function template(lean, command, name, cancelToken) {
  /** @type {{state: TacticState | null}} */
  const capture = { state: null };
  captured = (state) => { capture.state = state; };
  const source = `theorem ${name} : True := by skip\n`;
  const { state, messages } = elaborateText(lean, source, command, { cancelToken });
  captured = null;
  lean.dec(state);
  if (capture.state === null) {
    throw new Refusal('lean', `this environment has no tactic blocks: ${messages.map((message) => message.data).join(' / ')}`);
  }
  // Tactic.Context {elaborator | recover}: with recover an error would become `sorry` and a message instead of a failure.
  const withoutRecovery = lean.makeCtor(0, [lean.box(0)], 4);
  lean.dec(capture.state.tacticContext);
  return { ...capture.state, tacticContext: withoutRecovery, core: withoutInfo(lean, capture.state.core) };
}

/**
 * Information for editors costs time, and memory in every saved state.
 * @param {Lean} lean @param {Pointer} core  consumed Core.State @returns {Pointer} owned
 */
function withoutInfo(lean, core) {
  const info = withFields(lean, lean.inc(lean.field(core, CORE_STATE.info)), {}); // InfoState {…3 fields | enabled}
  lean.u8()[info + HEADER_BYTES + 4 * lean.fieldCount(info)] = 0;
  return withFields(lean, core, { [CORE_STATE.info]: info });
}

/** @param {Lean} lean @param {TacticState} state @returns {TacticState} */
function share(lean, state) {
  for (const part of PARTS) lean.inc(state[part]);
  return { ...state };
}

/** @param {Lean} lean @param {TacticState} state  consumed */
function release(lean, state) {
  for (const part of PARTS) lean.dec(state[part]);
}

/** Fields of MetavarDecl {userName, lctx, type, depth, localInstances, …}. */
const METAVAR_DECL = { userName: 0, localContext: 1, type: 2, localInstances: 4 };

/**
 * A state in the local context of a goal, as `goal.withContext` makes it.
 * @param {Lean} lean @param {TacticState} state  borrowed @param {Pointer} declaration  borrowed MetavarDecl
 * @returns {TacticState}
 */
function inContextOf(lean, state, declaration) {
  const inside = share(lean, state);
  inside.metaContext = withFields(lean, inside.metaContext, {
    [META_CONTEXT.localContext]: lean.inc(lean.field(declaration, METAVAR_DECL.localContext)),
    [META_CONTEXT.localInstances]: lean.inc(lean.field(declaration, METAVAR_DECL.localInstances)),
  });
  return inside;
}

/**
 * Runs a function of one of Lean's monads on a copy of a state.
 * @param {Lean} lean
 * @param {TacticState} state  borrowed
 * @param {Level} level
 * @param {string} symbol
 * @param {Pointer[]} leading  consumed: the arguments before the monad's own
 * @returns {{ok: boolean, value: Pointer, state: TacticState}}  value (result or Exception) and state owned
 */
function runMonadic(lean, state, level, symbol, leading) {
  const depth = ['core', 'meta', 'term', 'tactic'].indexOf(level);
  const args = [...leading];
  /** @type {Partial<Record<keyof TacticState, Pointer>>} */
  const references = {};
  /** @param {keyof TacticState} context @param {keyof TacticState} content */
  const pass = (context, content) => {
    const reference = lean.makeRef(lean.inc(state[content]));
    references[content] = reference;
    args.push(lean.inc(state[context]), lean.inc(reference));
  };
  if (depth >= 3) pass('tacticContext', 'goals');
  if (depth >= 2) pass('termContext', 'term');
  if (depth >= 1) pass('metaContext', 'meta');
  pass('coreContext', 'core');

  const result = lean.call(symbol, ...args);
  const ok = lean.tag(result) === 0;
  const after = share(lean, state);
  for (const [content, reference] of /** @type {[keyof TacticState, Pointer][]} */ (Object.entries(references))) {
    lean.dec(after[content]);
    after[content] = lean.readRef(reference);
    lean.dec(reference);
  }
  return { ok, value: takeField(lean, result, 0), state: after };
}

/**
 * Runs a function for its value only. Refuses when it throws.
 * @param {Lean} lean
 * @param {TacticState} state  borrowed
 * @param {Level} level
 * @param {string} symbol
 * @param {Pointer[]} leading  consumed
 * @returns {Pointer} owned
 */
function query(lean, state, level, symbol, leading) {
  const { ok, value, state: after } = runMonadic(lean, state, level, symbol, leading);
  release(lean, after);
  if (!ok) throw new Refusal('lean', exceptionText(lean, value));
  return value;
}

/** @param {Lean} lean @param {Pointer} exception  consumed Lean.Exception */
function exceptionText(lean, exception) {
  const text = lean.call('l_Lean_MessageData_toString', lean.call('l_Lean_Exception_toMessageData', exception));
  const STRING = 249; // the boxed variant returns the string itself, the raw one an IO result
  return lean.takeString(lean.tag(text) === STRING ? text : lean.unwrapIO(text));
}

/**
 * A state whose only goal is a closed type, with an empty local context: nothing refers to the theorem itself.
 * @param {Lean} lean
 * @param {TacticState} base  borrowed: a template
 * @param {Pointer} type  borrowed Expr
 * @param {Pointer} levels  borrowed List Name: its universe parameters
 * @returns {{state: TacticState, goal: Pointer}}  both owned; goal is the MVarId
 */
function openExpression(lean, base, type, levels) {
  const root = share(lean, base);
  root.term = withFields(lean, root.term, { [TERM_STATE.levelNames]: lean.inc(levels) });
  lean.dec(root.goals);
  root.goals = lean.box(0);
  const SYNTHETIC_OPAQUE = 2;
  // mkFreshExprMVarAt lctx localInstances type kind userName numScopeArgs
  const { ok, value, state } = runMonadic(lean, root, 'meta', 'l_Lean_Meta_mkFreshExprMVarAt', [
    lean.inc(lean.globalValue('l_Lean_LocalContext_empty')), lean.makeArray([]), lean.inc(type), lean.box(SYNTHETIC_OPAQUE),
    lean.box(0), lean.box(0),
  ]);
  release(lean, root);
  if (!ok) {
    release(lean, state);
    throw new Refusal('lean', exceptionText(lean, value));
  }
  const goal = takeField(lean, value, 0); // Expr.mvar id
  lean.dec(state.goals);
  state.goals = lean.makeList([lean.inc(goal)]);
  return { state, goal };
}

/** @param {Lean} lean @param {TacticState} state @returns {Pointer} borrowed Environment */
const environmentOf = (lean, state) => lean.field(state.core, CORE_STATE.environment);

/** @param {Lean} lean @param {TacticState} state @returns {Pointer} borrowed MetavarContext */
const metavariablesOf = (lean, state) => lean.field(state.meta, META_STATE.metavariables);

/** @param {Lean} lean @param {TacticState} state @returns {Pointer[]} borrowed MVarIds */
const goalsOf = (lean, state) => lean.listItems(state.goals);

/**
 * Sets the heartbeat counter back, so that what runs next has its whole allowance.
 * @param {Lean} lean @param {TacticState} state  borrowed
 */
function resetHeartbeats(lean, state) {
  lean.fn('lean_io_set_heartbeats')(lean.field(state.coreContext, CORE_CONTEXT.initHeartbeats));
}

module.exports = {
  CORE_CONTEXT, CORE_STATE, METAVAR_DECL, resetHeartbeats, installCapture, template, share, release, inContextOf, runMonadic, query,
  exceptionText, openExpression, environmentOf, metavariablesOf, goalsOf,
};
