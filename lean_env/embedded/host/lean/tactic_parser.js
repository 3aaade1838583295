'use strict';
/** Tactics as syntax, in one environment. Search tries the same few texts in every state, and parsing is a third of a failed step. */
const { parseCategory, parseErrorText } = require('./frontend.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */

/** Texts that are kept, about 2 KB each, before all are forgotten. A worker has up to 48 environments. */
const MAX_KEPT = 512;
/** Longer ones hardly come again. In characters. */
const MAX_KEPT_LENGTH = 80;

class TacticParser {
  /** @param {Lean} lean @param {Pointer} environment  borrowed; tactics add constants to it, but no syntax */
  constructor(lean, environment) {
    this.lean = lean;
    this.environment = environment;
    /** Owned. @type {Map<string, Pointer>} */
    this.kept = new Map();
  }

  /**
   * One tactic, or several on lines or with `;`. Always in parentheses on lines of their own: the category `tactic` takes one
   * tactic, and only inside a block do columns count, without which `intro h⏎exact t` is `intro` with three patterns. The
   * whole must parse as one tactic to its end, so the text cannot close the parenthesis and go on.
   * @param {string} text
   * @returns {{syntax: Pointer, error: null} | {syntax: null, error: string}}  syntax owned
   */
  parse(text) {
    const known = this.kept.get(text);
    if (known !== undefined) return { syntax: this.lean.inc(known), error: null };
    const { syntax, error } = parseCategory(this.lean, this.environment, 'tactic', `(\n${text}\n)`);
    if (syntax === null) return { syntax: null, error: parseErrorText(error) };
    if (text.length <= MAX_KEPT_LENGTH) {
      if (this.kept.size >= MAX_KEPT) this.release();
      this.kept.set(text, this.lean.inc(syntax));
    }
    return { syntax, error: null };
  }

  /** Forgets everything. */
  release() {
    for (const syntax of this.kept.values()) this.lean.dec(syntax);
    this.kept.clear();
  }
}

module.exports = { TacticParser };
