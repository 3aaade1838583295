'use strict';
/**
 * Work for V8 to optimise before its code is cached: statements and tactics as a prover meets them, elaborated from text.
 * (Live tactic states run the same wasm functions: a cache made by them is no faster, measured on 27 tactics in Init.)
 */

const STATEMENTS = [
  '(a b c : Nat) (h : a ≤ b) : a + c ≤ b + c',
  '(p q : Prop) (hp : p) (hq : q) : p ∧ q',
  '{α : Type} (l : List α) : (l ++ []).length = l.length',
  '(x y : Int) (h : 2*x + 3*y = 7) (h2 : x > 0) (h3 : y > 0) : x = 2 ∧ y = 1',
];
const TACTICS = [
  'omega', 'simp', 'induction c', 'constructor', 'exact ⟨hp, hq⟩', 'cases l', 'rw [Nat.add_comm]', 'simp_all', 'grind', 'intro x',
  'exact foo bar', 'apply Nat.le_trans', 'induction l', 'refine ⟨?_, ?_⟩', 'decide',
];

/** @typedef {import('../runtime/boot.js').Lean} Lean */

/** Lean's front end on a whole text, in the base environment. @param {Lean} lean @param {string} source */
function elaborate(lean, source) {
  const process = lean.fn('l_Lean_Elab_process');
  const result = lean.unwrapIO(process(lean.makeString(source), lean.inc(lean.environment), lean.emptyOptions(), lean.box(0)));
  const messages = lean.messages(lean.inc(lean.field(result, 1)));
  lean.dec(result);
  return messages;
}

/** CPU seconds of this process, which a busy machine does not stretch. */
function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Every tactic on every statement, again and again. @param {Lean} lean @param {number} seconds  of CPU time */
function warmUp(lean, seconds) {
  const end = cpuSeconds() + seconds;
  for (;;) {
    for (const statement of STATEMENTS) {
      for (const tactic of TACTICS) {
        if (cpuSeconds() > end) return;
        elaborate(lean, `theorem warm ${statement} := by\n  ${tactic}\n`);
      }
    }
  }
}

module.exports = { warmUp, elaborate };
