'use strict';
/**
 * The worker's second thread. The first is inside Lean most of the time and answers nobody, so this one
 *  - sets Lean's cancel token when a soft limit passes: wasm memory is shared, and the token is one word in it;
 *  - kills the process when its parent is gone: nobody would read the answer.
 */
const { Worker, isMainThread, workerData } = require('node:worker_threads');

/** Slots of the shared control block. RUN is odd while something is being timed, FIRING while the token is being set. */
const RUN = 0, LIMIT_MS = 1, FIRED = 2, SLOTS = 3;
const FIRING = -1;

/** How often the thread looks, so the precision of a limit. No wake-ups from the main thread: they would cost every step. */
const POLL_MS = 20;
const PARENT_CHECK_MS = 1000;

/** An IO.CancelToken is an IO.Ref Bool: its value is the word at +8, boxed. */
const VALUE_OFFSET = 8;
const BOXED_FALSE = 1;
const BOXED_TRUE = 3;

/** @typedef {import('./lean/types.js').Lean} Lean */

class Watchdog {
  /** Must be made before the first state is captured: states carry the token. @param {Lean} lean */
  constructor(lean) {
    this.lean = lean;
    this.cancelToken = lean.makeRef(lean.box(0));
    this.control = new Int32Array(new SharedArrayBuffer(4 * SLOTS));
    const data = { control: this.control, memory: lean.memory, token: this.cancelToken + VALUE_OFFSET };
    new Worker(__filename, { workerData: data }).unref();
  }

  /**
   * Runs `work`; after `ms` Lean is told to stop, and `fired` is true. Lean's kernel does not always listen.
   * @template T
   * @param {number} ms
   * @param {() => T} work
   * @returns {{value: T, fired: boolean}}
   */
  within(ms, work) {
    const { control } = this;
    Atomics.store(control, LIMIT_MS, ms);
    Atomics.store(control, FIRED, 0);
    const run = Atomics.add(control, RUN, 1) + 1;
    try {
      return { value: work(), fired: this.fired() };
    } finally {
      while (Atomics.compareExchange(control, RUN, run, run + 1) !== run); // the other thread is FIRING for an instant
      Atomics.store(this.lean.i32(), (this.cancelToken + VALUE_OFFSET) >> 2, BOXED_FALSE);
    }
  }

  /** Whether the limit of the current or last `within` passed. */
  fired() {
    return Atomics.load(this.control, FIRED) !== 0;
  }
}

/** @param {{control: Int32Array, memory: WebAssembly.Memory, token: number}} data */
function watch({ control, memory, token }) {
  const parent = process.ppid;
  let parentCheck = 0;
  let run = 0; // the last value of RUN seen
  let deadline = Infinity;
  for (;;) {
    Atomics.wait(control, RUN, Atomics.load(control, RUN), POLL_MS); // nobody notifies: a pause
    const now = performance.now();
    if (now >= parentCheck) {
      if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
      parentCheck = now + PARENT_CHECK_MS;
    }
    const current = Atomics.load(control, RUN);
    if (current !== run) {
      run = current;
      deadline = run & 1 ? now + Atomics.load(control, LIMIT_MS) : Infinity;
    } else if (now >= deadline) {
      deadline = Infinity;
      // Holding RUN keeps the run from ending, and its successor from starting, while the token changes.
      if (Atomics.compareExchange(control, RUN, run, FIRING) !== run) continue;
      Atomics.store(control, FIRED, 1);
      Atomics.store(new Int32Array(memory.buffer), token >> 2, BOXED_TRUE);
      Atomics.store(control, RUN, run);
    }
  }
}

if (!isMainThread) watch(workerData);

module.exports = { Watchdog };
