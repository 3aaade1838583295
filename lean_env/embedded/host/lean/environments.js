'use strict';
/** The imported environments of a worker: made on demand, the least recently used ones given back. */
const { template, release } = require('./states.js');
const { TacticParser } = require('./tactic_parser.js');
const { Refusal } = require('../refusal.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */
/** @typedef {import('./types.js').TacticState} TacticState */

/** 80 environments took 892 MB of the 2 GiB; 48 leave room for the work. */
const CAPACITY = 48;

/** One environment, as long as it is in the cache or in use. */
class ImportedEnvironment {
  /** @param {Lean} lean @param {string} key @param {Pointer} pointer  owned */
  constructor(lean, key, pointer) {
    this.key = key;
    this.pointer = pointer;
    this.parser = new TacticParser(lean, pointer);
    /** How many open states rest on it. */
    this.users = 0;
    /** @type {TacticState | null} */
    this.template = null;
  }
}

class Environments {
  /**
   * @param {Lean} lean
   * @param {{options: Pointer, cancelToken: Pointer} | null} elaboration  what templates are made with; null where nothing is elaborated
   */
  constructor(lean, elaboration) {
    this.lean = lean;
    this.elaboration = elaboration;
    /** In the order of last use. @type {Map<string, ImportedEnvironment>} */
    this.cache = new Map();
  }

  /** @param {string[]} imports @returns {ImportedEnvironment} */
  get(imports) {
    const { lean, cache } = this;
    const key = imports.join(',');
    let found = cache.get(key);
    if (found === undefined) {
      // The base environment is `import Init`; no second copy of it.
      found = new ImportedEnvironment(lean, key, key === 'Init' ? lean.inc(lean.environment) : this.import(imports));
    }
    cache.delete(key);
    cache.set(key, found);
    this.evict();
    return found;
  }

  /** @param {string[]} imports @returns {Pointer} owned */
  import(imports) {
    try {
      return this.lean.importModules(imports);
    } catch (error) {
      if (error instanceof Error && error.constructor === Error) throw new Refusal('lean', error.message);
      throw error;
    }
  }

  /** The state from which goals of that environment are opened. @param {ImportedEnvironment} environment @returns {TacticState} borrowed */
  template(environment) {
    if (this.elaboration === null) throw new Refusal('bad_request', 'this worker elaborates nothing');
    environment.template ??= template(this.lean, environment.pointer, this.elaboration.options, this.elaboration.cancelToken);
    return environment.template;
  }

  /** Null where the environment has no tactic blocks. @param {ImportedEnvironment} environment @returns {TacticState | null} borrowed */
  templateOrNull(environment) {
    try {
      return this.template(environment);
    } catch (error) {
      if (error instanceof Refusal) return null;
      throw error;
    }
  }

  evict() {
    let surplus = this.cache.size - CAPACITY;
    for (const environment of [...this.cache.values()]) {
      if (surplus <= 0) return;
      // The newest is at the end and is never reached: it has just been asked for.
      if (environment.users > 0 || environment === [...this.cache.values()].at(-1)) continue;
      this.cache.delete(environment.key);
      if (environment.template) release(this.lean, environment.template);
      environment.parser.release();
      this.lean.dec(environment.pointer);
      surplus--;
    }
  }
}

module.exports = { Environments, ImportedEnvironment };
