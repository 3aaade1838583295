'use strict';
/**
 * Notices when Lean's interpreter is asked for code that is not the library's.
 *
 * The library has no IR in this distribution: its code runs as the WebAssembly that it was compiled to. What the
 * interpreter runs is therefore code that came in with a text: `native_decide`, options of tactics, `#eval`, a text's macros
 * and attributes, `reduceBool` inside the kernel, and the closures that such code made. Such code need not be memory safe.
 *
 * Every way in makes its interpreter in one C++ function, and all three callers of that function reach it through its
 * slot in the function table (tests/lean_env/embedded/test_runtime.py looks for calls that do not). The host stands in that
 * slot and sees the environment and the name of the constant before anything of it runs. What it notes is in
 * JavaScript's memory, where no code inside Lean's memory can undo it.
 */
const { findConstant, readConstant, forEachUsedConstant } = require('./objects.js');

/** @typedef {import('./types.js').Lean} Lean */
/** @typedef {import('./types.js').Pointer} Pointer */

const WITH_INTERPRETER = '_ZN4lean2ir11interpreter16with_interpreterIP11lean_objectEET_RKNS_16elab_environmentERKNS_7optionsERKNS_4nameERKNSt3__28functionIFS5_RS1_EEE';
const MODULE_OF = 'l_Lean_Environment_getModuleIdxFor_x3f___boxed';

/** Definitions that may stand beside constructors, types and literals in a tactic's options: numerals, their sums, products, powers. */
const ARITHMETIC = new Set([
  'OfNat.ofNat', 'instOfNatNat', 'HAdd.hAdd', 'instHAdd', 'instAddNat', 'HMul.hMul', 'instHMul', 'instMulNat',
  'HPow.hPow', 'instHPow', 'instPowNat', 'instNatPowNat', 'Lean.Meta.Simp.defaultMaxSteps',
]);

/** Functions that build what a default tactic (`(h : p := by omega)`) is kept as, a syntax tree. Such a tree is data, too. */
const TREE_BUILDERS = new Set([
  'Array.push', 'Array.empty', 'Array.mkEmpty', 'Lean.mkAtom', 'Lean.Name.mkStr', 'Lean.Name.mkNum', 'Lean.Name.mkSimple', 'String.toRawSubstring',
  'String.toSubstring', ...Array.from({ length: 8 }, (_, i) => `Lean.Name.mkStr${i + 1}`),
]);

class InterpreterWatch {
  /** Once a process. @param {Lean} lean @param {boolean} forbids  whether such code ends the process before it runs */
  constructor(lean, forbids) {
    this.lean = lean;
    /** How often such code was run. */
    this.runs = 0;
    /** Whether constants that only hold data pass: true while a tactic runs. @private */
    this.dataPasses = false;
    /** Whether everything passes: true while a command of a header makes syntax, and for our own. @private */
    this.allPasses = false;
    /** Bodies of macros that such commands made. @private @type {Set<Pointer>} */
    this.trusted = new Set();
    const original = lean.fn(WITH_INTERPRETER);
    lean.replaceFunction(WITH_INTERPRETER, (environment, options, name, run) => {
      // References to objects, as C++ passes them.
      if (!this.passes(lean.u32()[environment >> 2], lean.u32()[name >> 2])) {
        this.runs++;
        if (forbids) throw new Error('a process that decides was asked to run code');
      }
      return original(environment, options, name, run);
    });
  }

  /**
   * Lets data pass while `work` runs. For tactics only: among commands `@[csimp]` can put one constant in another's place.
   * @template T @param {() => T} work @returns {T}
   */
  passingData(work) {
    this.dataPasses = true;
    try {
      return work();
    } finally {
      this.dataPasses = false;
    }
  }

  /**
   * Lets everything pass while `work` runs. For commands that make syntax of terms without antiquotations: Lean generates
   * their code.
   * @template T @param {() => T} work @returns {T}
   */
  passingAll(work) {
    this.allPasses = true;
    try {
      return work();
    } finally {
      this.allPasses = false;
    }
  }

  /** Lets the constants of these bodies pass from now on. By address: another environment's of the same name do not. @param {Pointer[]} bodies */
  trust(bodies) {
    for (const body of bodies) this.trusted.add(body);
  }

  /** When they are given back. @param {Pointer[]} bodies */
  distrust(bodies) {
    for (const body of bodies) this.trusted.delete(body);
  }

  /** @private @param {Pointer} environment  borrowed @param {Pointer} name  borrowed @returns {boolean} */
  passes(environment, name) {
    return this.allPasses || this.isImported(environment, name) || this.isTrusted(environment, name)
      || (this.dataPasses && this.isData(environment, name));
  }

  /**
   * The code of a constant has functions of its own (`…._lam_0._boxed`) that are no constants: they go by the constant whose name
   * theirs begins with.
   * @private @param {Pointer} environment  borrowed @param {Pointer} name  borrowed @returns {boolean}
   */
  isTrusted(environment, name) {
    if (this.trusted.size === 0) return false;
    const { lean } = this;
    for (let prefix = name; !(prefix & 1); prefix = lean.field(prefix, 0)) {
      const info = findConstant(lean, environment, prefix);
      if (info === null) continue;
      const { value } = readConstant(lean, info);
      lean.dec(info);
      return value !== null && this.trusted.has(value);
    }
    return false;
  }

  /** @private @param {Pointer} environment  borrowed @param {Pointer} name  borrowed @returns {boolean} */
  isImported(environment, name) {
    const { lean } = this;
    const module = lean.fn(MODULE_OF)(lean.inc(environment), lean.inc(name));
    lean.dec(module);
    return !(module & 1); // Option: none is boxed
  }

  /**
   * Whether the constant is a definition that consists of the library's constructors, types, numerals and syntax trees: Lean
   * evaluates `simp +arith` or `decide +revert` as such a constant. There is nothing in it that could run.
   * @private @param {Pointer} environment  borrowed @param {Pointer} name  borrowed @returns {boolean}
   */
  isData(environment, name) {
    const { lean } = this;
    const info = findConstant(lean, environment, name);
    if (info === null) return false;
    const { kind, value } = readConstant(lean, info);
    let harmless = kind === 'def' && value !== null;
    if (harmless && value !== null) {
      forEachUsedConstant(lean, value, (used) => { harmless &&= this.isHarmless(environment, used); });
    }
    lean.dec(info);
    return harmless;
  }

  /** @private @param {Pointer} environment  borrowed @param {Pointer} name  borrowed @returns {boolean} */
  isHarmless(environment, name) {
    const { lean } = this;
    if (!this.isImported(environment, name)) return false;
    const text = lean.nameToString(name);
    if (ARITHMETIC.has(text) || TREE_BUILDERS.has(text)) return true;
    const info = findConstant(lean, environment, name);
    if (info === null) return false;
    const { kind } = readConstant(lean, info);
    lean.dec(info);
    return kind === 'ctor' || kind === 'induct';
  }
}

module.exports = { InterpreterWatch, WITH_INTERPRETER };
