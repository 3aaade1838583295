'use strict';
/** The imported environments of a worker: made on demand, the least recently used ones given back. */
const { HEADER_BYTES, hasConstant } = require('./objects.js');
const { template, release } = require('./states.js');
const { initialState, environmentOf, elaborateText, withoutVariables } = require('./frontend.js');
const { elaborateOwn, elaborateHeader } = require('./header.js');
const { exportDeclarations } = require('./header_export.js');
const { stateWithLemmas } = require('./lemmas.js');
const { TacticParser } = require('./tactic_parser.js');
const { Refusal } = require('../refusal.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */
/** @typedef {import('./types.js').TacticState} TacticState */
/** @typedef {import('./header.js').Header} Header */
/** @typedef {import('./header.js').Elaboration} Elaboration */
/** @typedef {import('./lemmas.js').Lemmas} Lemmas */

/** 80 environments took 892 MB of the 2 GiB; 48 leave room for the work. A header adds 0.7 MB to its imports'. */
const CAPACITY = 48;

/** EnvironmentHeader {6 objects | trustLevel : UInt32, isModule : Bool} */
const HEADER_FIELDS = 6;
const IS_MODULE = HEADER_BYTES + 4 * HEADER_FIELDS + 4;

/** A command state at which statements are elaborated. `below`: that of the imports alone, whose user it is. `syntax`: bodies of macros that pass.
 *  `lends`: what it has beyond `below` goes with a proof that uses it; otherwise a header's export has it.
 *  @typedef {{state: Pointer, syntax: Pointer[], below: ImportedEnvironment | null, lends?: boolean}} Scopes  state owned */

/** One environment, as long as it is in the cache or in use. */
class ImportedEnvironment {
  /** @param {Lean} lean @param {string} key @param {Pointer} pointer  owned @param {Scopes | null} scopes  consumed; null without a header */
  constructor(lean, key, pointer, scopes = null) {
    this.key = key;
    this.pointer = pointer;
    this.scopes = scopes;
    /** What its header declares, once asked for. @type {{ndjson: string, names: Set<string>} | null} */
    this.declarations = null;
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
   * @param {(Elaboration & {options: Pointer}) | null} elaboration  what templates are made with; null where nothing is elaborated
   */
  constructor(lean, elaboration) {
    this.lean = lean;
    this.elaboration = elaboration;
    /** In the order of last use. @type {Map<string, ImportedEnvironment>} */
    this.cache = new Map();
  }

  /**
   * @param {string[]} imports
   * @param {Header | null} header  what stands between the imports and the statements
   * @returns {ImportedEnvironment}
   */
  get(imports, header = null) {
    if (header !== null) return this.cached(JSON.stringify([imports, header]), (key) => this.extend(key, imports, header));
    // The base environment is `import Init`; no second copy of it.
    return this.cached(imports.join(','), (key) => (
      new ImportedEnvironment(this.lean, key, key === 'Init' ? this.lean.inc(this.lean.environment) : this.import(imports))
    ));
  }

  /** The imports with lemmas on top. @param {string[]} imports @param {Lemmas} lemmas @returns {ImportedEnvironment} */
  lending(imports, lemmas) {
    return this.cached(`${imports.join(',')}+${lemmas.digest}`, (key) => {
      const { lean } = this;
      const { options, cancelToken } = this.required();
      const below = this.get(imports);
      below.users++;
      try {
        const state = stateWithLemmas(lean, below.pointer, this.template(below), lemmas, lean.inc(options), cancelToken);
        return new ImportedEnvironment(lean, key, lean.inc(environmentOf(lean, state)), { state, syntax: [], below, lends: true });
      } catch (error) {
        below.users--;
        throw error;
      }
    });
  }

  /** @private @param {string} key @param {(key: string) => ImportedEnvironment} make */
  cached(key, make) {
    const { cache } = this;
    const found = cache.get(key) ?? make(key);
    cache.delete(key);
    cache.set(key, found);
    this.evict();
    return found;
  }

  /** @private @param {string} key @param {string[]} imports @param {Header} header @returns {ImportedEnvironment} */
  extend(key, imports, { prefix, text, settings }) {
    const { lean } = this;
    const elaboration = this.required();
    const below = this.cached(JSON.stringify([imports, prefix]), (plain) => this.plain(plain, imports, prefix));
    below.users++;
    try {
      const begin = lean.inc(/** @type {Scopes} */ (below.scopes).state);
      const { state, syntax } = elaborateHeader(lean, text, begin, elaboration);
      const { state: end } = elaborateText(lean, settings, state);
      return new ImportedEnvironment(lean, key, lean.inc(environmentOf(lean, end)), { state: end, syntax, below });
    } catch (error) {
      below.users--;
      throw error;
    }
  }

  /**
   * Imports as an ordinary file has them. Environments here are modules', in which what a text declares is private by default
   * and named so (`_private.0.Tree`); one byte of a fresh import says which.
   * @private @param {string} key @param {string[]} imports @param {string} prefix @returns {ImportedEnvironment}
   */
  plain(key, imports, prefix) {
    const { lean } = this;
    const pointer = this.import(imports);
    const header = lean.call('l_Lean_Environment_header', lean.inc(pointer));
    if (lean.fieldCount(header) !== HEADER_FIELDS || lean.u8()[header + IS_MODULE] !== 1) throw new Error('EnvironmentHeader is not as it was');
    lean.u8()[header + IS_MODULE] = 0;
    lean.dec(header);
    const elaboration = this.required();
    const { state, syntax } = elaborateOwn(lean, prefix, initialState(lean, pointer, lean.emptyOptions()), elaboration);
    lean.dec(pointer);
    elaboration.interpreter.trust(syntax);
    return new ImportedEnvironment(lean, key, lean.inc(environmentOf(lean, state)), { state, syntax, below: null });
  }

  /** @private @returns {Elaboration & {options: Pointer}} */
  required() {
    if (this.elaboration === null) throw new Refusal('bad_request', 'this worker elaborates nothing');
    return this.elaboration;
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
    const { options, cancelToken } = this.required();
    const { lean } = this;
    if (environment.template === null) {
      environment.template = environment.scopes === null
        ? template(lean, initialState(lean, environment.pointer, lean.inc(options)), 'template', cancelToken)
        : template(lean, withoutVariables(lean, environment.scopes.state), environment.scopes.lends ? 'template' : '_root_.flywheel.template', cancelToken);
    }
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

  /**
   * The declarations of an environment's header.
   * @param {ImportedEnvironment} environment  with a header
   * @returns {{ndjson: string, names: Set<string>}}
   */
  exported(environment) {
    const { pointer, scopes } = environment;
    if (scopes === null || scopes.below === null || scopes.lends) throw new Refusal('bad_request', 'this environment has no header');
    return environment.declarations ??= exportDeclarations(this.lean, pointer, scopes.below.pointer, scopes.syntax);
  }

  /**
   * Which constants need not go with a proof over that environment: those of the imports, and those that the header's export
   * has. Lean may know more (equation lemmas that a proof in the header asked for); they go with the proof.
   * @param {ImportedEnvironment} environment
   * @returns {(name: Pointer, text: string) => boolean}
   */
  knowledge(environment) {
    const { lean } = this;
    const { pointer, scopes } = environment;
    if (scopes === null || scopes.below === null) return (name) => hasConstant(lean, pointer, name);
    const imported = scopes.below.pointer;
    if (scopes.lends) return (name) => hasConstant(lean, imported, name);
    const { names } = this.exported(environment);
    return (name, text) => names.has(text) || hasConstant(lean, imported, name);
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
      if (environment.scopes !== null) this.leave(environment.scopes);
      surplus--;
    }
  }

  /** @private @param {Scopes} scopes  consumed */
  leave({ state, syntax, below }) {
    this.required().interpreter.distrust(syntax);
    this.lean.dec(state);
    if (below !== null) below.users--;
  }
}

module.exports = { Environments, ImportedEnvironment };
