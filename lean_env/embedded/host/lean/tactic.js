'use strict';
/** One tactic on one state. */
const { withFields, test } = require('./objects.js');
const { CORE_CONTEXT, CORE_STATE, runMonadic, share, release, exceptionText, resetHeartbeats } = require('./states.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */
/** @typedef {import('./types.js').TacticState} TacticState */
/** @typedef {import('./tactic_parser.js').TacticParser} TacticParser */

/** Lean's own default of `maxHeartbeats`, in thousands. */
const DEFAULT_HEARTBEATS = 200_000;

/** The limit is a boxed Nat after multiplication by 1,000, which must stay below 2^31. */
const MAX_HEARTBEATS = 2_000_000;

/** What a step that nobody will read the error of says. Lean's own text prints terms and goals: more than half of a failed step. */
const UNEXPLAINED = 'the tactic failed';
const OVERSPENT = 'more heartbeats used than allowed';

/**
 * What a step did. `exhausted`: Lean's heartbeats ran out. `heartbeats`: used, in thousands, rounded up.
 * @typedef {{state: TacticState, error: null, exhausted: boolean, heartbeats: number}
 *   | {state: null, error: string, exhausted: boolean, heartbeats: number}} Step
 */

/** Heartbeats since the last reset, in Lean's unit. @param {Lean} lean @param {TacticState} state  borrowed */
function usedHeartbeats(lean, state) {
  const initial = lean.field(state.coreContext, CORE_CONTEXT.initHeartbeats) >>> 1;
  return (lean.fn('lean_io_get_num_heartbeats')() >>> 1) - initial;
}

/** @param {Lean} lean @param {TacticState} state  consumed @param {number} limit  in Lean's unit @returns {TacticState} */
function withHeartbeatLimit(lean, state, limit) {
  return { ...state, coreContext: withFields(lean, state.coreContext, { [CORE_CONTEXT.maxHeartbeats]: lean.box(limit) }) };
}

/** @param {Lean} lean @param {TacticState} state  borrowed */
function hasLoggedErrors(lean, state) {
  return test(lean, 'l_Lean_MessageLog_hasErrors', lean.field(state.core, CORE_STATE.messages));
}

/** The errors in the message log of a state. @param {Lean} lean @param {TacticState} state  borrowed */
function loggedErrors(lean, state) {
  if (!hasLoggedErrors(lean, state)) return [];
  const log = lean.inc(lean.field(state.core, CORE_STATE.messages));
  return lean.messages(log).filter((message) => message.severity === 'error').map((message) => String(message.data));
}

/** @param {Lean} lean @param {TacticState} state  consumed @returns {TacticState} */
function withoutMessages(lean, state) {
  const empty = lean.inc(lean.globalValue('l_Lean_MessageLog_empty'));
  return { ...state, core: withFields(lean, state.core, { [CORE_STATE.messages]: empty }) };
}

/**
 * Runs a tactic. The parent is untouched.
 * @param {Lean} lean
 * @param {TacticParser} parser  of the environment that the state is over
 * @param {TacticState} parent  borrowed
 * @param {string} text
 * @param {number} heartbeats  limit in thousands, 0 = Lean's default
 * @param {boolean} [explains]  whether a failure says why
 * @returns {Step}  the state is owned
 */
function runTactic(lean, parser, parent, text, heartbeats, explains = true) {
  const limit = (heartbeats || DEFAULT_HEARTBEATS) * 1000;
  let spent = 0;
  /** @param {() => string} reason @param {boolean} [exhausted] @returns {Step} */
  const failed = (reason, exhausted = false) => {
    const error = explains ? reason() : exhausted ? OVERSPENT : UNEXPLAINED;
    return { state: null, error, exhausted, heartbeats: spent };
  };
  const { syntax, error } = parser.parse(text);
  if (syntax === null) return failed(() => error);

  resetHeartbeats(lean, parent);
  const limited = withHeartbeatLimit(lean, share(lean, parent), limit);
  const run = runMonadic(lean, limited, 'tactic', 'l_Lean_Elab_Tactic_evalTactic', [syntax]);
  release(lean, limited);
  // The limit was for this tactic. What prints or exports the state later has Lean's own.
  lean.dec(run.state.coreContext);
  run.state.coreContext = lean.inc(parent.coreContext);
  const used = usedHeartbeats(lean, parent);
  spent = Math.ceil(used / 1000);
  // `set_option maxHeartbeats` inside a tactic can lift Lean's own check; the count cannot be talked out of it.
  const overspent = used > limit;

  if (!run.ok) {
    const exhausted = overspent || test(lean, 'l_Lean_Exception_isMaxHeartbeat', run.value);
    // An abort exception says nothing; its reason is in the log.
    const step = failed(() => [exceptionText(lean, lean.inc(run.value)), ...loggedErrors(lean, run.state)].join('\n'), exhausted);
    lean.dec(run.value);
    release(lean, run.state);
    return step;
  }
  lean.dec(run.value);
  if (overspent || hasLoggedErrors(lean, run.state)) {
    const step = failed(() => loggedErrors(lean, run.state).join('\n') || OVERSPENT, overspent);
    release(lean, run.state);
    return step;
  }
  const pruned = runMonadic(lean, run.state, 'tactic', 'l_Lean_Elab_Tactic_pruneSolvedGoals', []);
  release(lean, run.state);
  if (!pruned.ok) {
    const step = failed(() => exceptionText(lean, lean.inc(pruned.value)));
    lean.dec(pruned.value);
    release(lean, pruned.state);
    return step;
  }
  lean.dec(pruned.value);
  return { state: withoutMessages(lean, pruned.state), error: null, exhausted: false, heartbeats: spent };
}

module.exports = { MAX_HEARTBEATS, runTactic };
