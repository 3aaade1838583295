'use strict';
// The errors that a worker survives. Everything else that is thrown ends the process (server.js).

/** @typedef {'bad_request' | 'lean' | 'limit'} RefusalKind */

/** A request that was refused with nothing changed: `bad_request` (unknown state, malformed field), `lean` (Lean said no), `limit`. */
class Refusal extends Error {
  /**
   * @param {RefusalKind} kind
   * @param {string} message
   */
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

module.exports = { Refusal };
