'use strict';
/**
 * Lean's tasks on one thread.
 *
 * Lean hands work to a pool of threads and waits for results. Here there are no threads (spawn_worker is emptied), and
 * `task_manager::wait_for` is patched to call the host: a wait runs queued tasks, highest priority first, until the
 * awaited task has its value. A task that waits in turn simply nests. What never ends up in the queue (dedicated
 * threads) cannot be awaited and is reported as an error.
 *
 * The queue is read and changed directly in Lean's memory, in 32-bit words from the task manager's address:
 * 12 + 6 * priority: a std::deque {_, map of blocks, _, _, start, size} with 1024 pointers a block, for priorities 0-8;
 * then the number of queued tasks, then the highest priority in use. (libc++ of the package's emscripten; the
 * installation pins the package by its hash, so the layout cannot change unnoticed.)
 */

const QUEUES = 12;
const WORDS_PER_QUEUE = 6;
const PRIORITIES = 9;
const BLOCK_BITS = 10; // 1024 pointers a block
const DEQUE = { blocks: 1, start: 4, size: 5 };
const TASK_VALUE = 8; // bytes from the start of a task object; 0 until it is finished

const RUN_TASK = '_ZN4lean12task_manager8run_taskERNSt3__211unique_lockINS1_5mutexEEEP9lean_task';

/** @param {import('./objects.js').Objects} lean */
function createScheduler(lean) {
  /** Takes the next task out of the queue, as task_manager::dequeue does; 0 when it is empty. @param {number} manager */
  function dequeue(manager) {
    const words = lean.u32();
    const queues = (manager >> 2) + QUEUES;
    const queued = queues + PRIORITIES * WORDS_PER_QUEUE;
    const highest = queued + 1;
    if (words[queued] === 0) return 0;
    const queue = queues + WORDS_PER_QUEUE * words[highest];
    const start = words[queue + DEQUE.start];
    const size = words[queue + DEQUE.size];
    const block = words[(words[queue + DEQUE.blocks] >> 2) + (start >>> BLOCK_BITS)];
    const task = words[(block >> 2) + (start & ((1 << BLOCK_BITS) - 1))];
    words[queue + DEQUE.start] = start + 1;
    words[queue + DEQUE.size] = size - 1;
    words[queued]--;
    if (size === 1) {
      while (words[highest] > 0) {
        words[highest]--;
        if (words[queues + WORDS_PER_QUEUE * words[highest] + DEQUE.size] !== 0) break;
      }
    }
    return task;
  }

  /** @param {number} manager @param {number} task */
  function runTask(manager, task) {
    lean.fn('pthread_mutex_lock')(manager);
    const lock = lean.fn('malloc')(8); // std::unique_lock {mutex, owns = true}
    const words = lean.u32();
    words[lock >> 2] = manager;
    words[(lock >> 2) + 1] = 1;
    lean.fn(RUN_TASK)(manager, lock, task);
    lean.fn('pthread_mutex_unlock')(manager);
    lean.fn('free')(lock);
  }

  /** task_manager::wait_for. @param {number} manager @param {number} awaited */
  return function waitFor(manager, awaited) {
    while (lean.u32()[(awaited + TASK_VALUE) >> 2] === 0) {
      const task = dequeue(manager);
      if (!task) throw new Error('Lean waits for a task that nobody runs (dedicated threads do not exist here)');
      runTask(manager, task);
    }
  };
}

module.exports = { createScheduler };
