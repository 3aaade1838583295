'use strict';
/** The modules of one's own in a header's text, by the lines that lean_env/lean_text/modules.py puts round each. */

const EDGE = /^(section|end) --- module (\S+)$/;

/**
 * Lines count from 1; `first` is the module's `section`, `last` its `end`. `from` and `to`: where these begin and end, in bytes.
 * @typedef {{name: string, first: number, last: number, from: number, to: number}} Module
 */

class Modules {
  /** @param {string} text */
  constructor(text) {
    /** @private @type {Module[]} */
    this.found = [];
    let at = 0;
    for (const [index, line] of text.split('\n').entries()) {
      const [, word, name] = EDGE.exec(line) ?? [];
      const open = this.found.at(-1);
      const from = at;
      at += Buffer.byteLength(line) + 1;
      if (word === 'section') this.found.push({ name, first: index + 1, last: Infinity, from, to: Infinity });
      else if (word === 'end' && open !== undefined && open.name === name) Object.assign(open, { last: index + 1, to: at });
    }
  }

  /** The module in whose lines that byte is. @param {number} byte @returns {Module | undefined} */
  around(byte) {
    return this.found.find(({ from, to }) => from <= byte && byte < to);
  }

  /** A line of the text for people: as its module, or what follows the modules, counts it. @param {number} line */
  spot(line) {
    const module = this.found.find(({ first, last }) => first <= line && line <= last);
    if (module !== undefined) return `module ${module.name}, line ${line - module.first}`;
    const above = this.found.filter(({ last }) => last < line).at(-1)?.last ?? 0;
    return `line ${line - above}`;
  }
}

module.exports = { Modules };
