'use strict';
/** What one worker holds between requests: Lean, its environments, and the open states by number. */
const { installCapture, release } = require('./lean/states.js');
const { makeOptions } = require('./lean/frontend.js');
const { Environments } = require('./lean/environments.js');
const { STATEMENT_OPTIONS } = require('./lean/statement.js');
const { checkConstructors } = require('./lean/import_ndjson.js');
const { InterpreterWatch } = require('./lean/interpreter.js');
const { Watchdog } = require('./watchdog.js');
const { Refusal } = require('./refusal.js');

/** @typedef {import('./lean/types.js').Lean} Lean */
/** @typedef {import('./lean/types.js').Pointer} Pointer */
/** @typedef {import('./lean/types.js').TacticState} TacticState */
/** @typedef {import('./lean/environments.js').ImportedEnvironment} ImportedEnvironment */
/** @typedef {import('./lean/header.js').Header} Header */
/** @typedef {import('./lean/printing.js').GoalPrinter} GoalPrinter */
/** @typedef {'elaborate' | 'decide'} Role */

/**
 * What belongs to a theorem that is open.
 * @typedef {object} Opening
 * @property {Pointer} goal  owned MVarId: the whole statement, with an empty context
 * @property {Pointer} type  owned Expr
 * @property {Pointer} levels  owned List Name
 * @property {GoalPrinter} printer
 */
/**
 * A theorem that has been opened. It lives as long as a state of it.
 * @typedef {Opening & {environment: ImportedEnvironment, states: number}} Problem
 */
/** @typedef {{state: TacticState, problem: Problem}} OpenState */

/**
 * The options of every tactic state: names that the user can write after `intro`, `cases`, `induction`, and constants printed
 * with their full names (`List.length l`, not `l.length`).
 */
const TACTIC_OPTIONS = { 'tactic.hygienic': 'false', 'pp.fieldNotation': 'false' };

/** Wasm memory can hold 2 GiB. So close to the end an allocation has failed, or will. */
const FULL_BYTES = 2 ** 31 - 2 ** 26;

class Session {
  /** @param {Lean} lean @param {Role} role */
  constructor(lean, role) {
    this.lean = lean;
    this.role = role;
    this.watchdog = new Watchdog(lean);
    this.cancelToken = this.watchdog.cancelToken;
    this.interpreter = new InterpreterWatch(lean, role === 'decide');
    /** @type {Map<number, OpenState>} */
    this.states = new Map();
    this.nextState = 1;
    checkConstructors(lean);
    if (role === 'elaborate') {
      installCapture(lean);
      this.statementOptions = makeOptions(lean, { ...TACTIC_OPTIONS, ...STATEMENT_OPTIONS });
      const options = makeOptions(lean, TACTIC_OPTIONS);
      const { cancelToken, interpreter, watchdog } = this;
      this.environments = new Environments(lean, { options, cancelToken, interpreter, cancelled: () => watchdog.fired() });
    } else {
      this.statementOptions = lean.emptyOptions();
      this.environments = new Environments(lean, null);
    }
  }

  /**
   * An environment, its header elaborated within `ms` unless it is at hand.
   * @param {string[]} imports @param {Header | null} header @param {number} ms @returns {ImportedEnvironment}
   */
  environment(imports, header, ms) {
    return header === null ? this.environments.get(imports) : this.within(ms, () => this.environments.get(imports, header));
  }

  /** Where an environment's statements are elaborated. @param {ImportedEnvironment} environment @returns {import('./lean/statement.js').Place} */
  place({ pointer, scopes }) {
    return { environment: pointer, options: this.statementOptions, scopes: scopes && scopes.state };
  }

  /** @param {number} id @returns {OpenState} */
  state(id) {
    const found = this.states.get(id);
    if (found === undefined) throw new Refusal('bad_request', `no state ${id}`);
    return found;
  }

  /**
   * @param {ImportedEnvironment} environment
   * @param {Opening} opening  consumed
   * @returns {Problem}
   */
  openProblem(environment, opening) {
    environment.users++;
    return { environment, ...opening, states: 0 };
  }

  /** @param {TacticState} state  consumed @param {Problem} problem @returns {number} */
  keep(state, problem) {
    const id = this.nextState++;
    problem.states++;
    this.states.set(id, { state, problem });
    return id;
  }

  /** Dropping twice is harmless. @param {number} id */
  drop(id) {
    const open = this.states.get(id);
    if (open === undefined) return;
    this.states.delete(id);
    release(this.lean, open.state);
    const { problem } = open;
    if (--problem.states > 0) return;
    problem.environment.users--;
    problem.printer.release();
    for (const pointer of [problem.goal, problem.type, problem.levels]) this.lean.dec(pointer);
  }

  /**
   * Runs `work` under a soft limit and refuses what it did when the limit passed.
   * @template T
   * @param {number} ms
   * @param {() => T} work
   * @returns {T}
   */
  within(ms, work) {
    // Lean counts heartbeats from the start of the process; each operation has its own allowance.
    this.lean.fn('lean_io_set_heartbeats')(this.lean.box(0));
    let outcome;
    try {
      outcome = this.watchdog.within(ms, work);
    } catch (error) {
      if (error instanceof Refusal && this.watchdog.fired()) throw new Refusal('limit', `stopped after ${ms} ms: ${error.message}`);
      throw error;
    }
    if (outcome.fired) throw new Refusal('limit', `stopped after ${ms} ms`);
    return outcome.value;
  }

  /** Throws (fatally) when Lean cannot be used any more. */
  requireHealth() {
    if (!this.lean.stackIsRewound()) throw new RangeError('an exception tore through Lean: its stack is not rewound');
    if (this.lean.memoryBytes() > FULL_BYTES) throw new RangeError('wasm memory is full');
  }
}

module.exports = { Session };
