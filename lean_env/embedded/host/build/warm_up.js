'use strict';
/**
 * Work for V8 to optimise before its code is cached: statements and tactics as a prover meets them, elaborated from text.
 */

const STATEMENTS = [
  'theorem warm (a b c : Nat) (h : a ≤ b) : a + c ≤ b + c := by',
  'theorem warm (p q : Prop) (hp : p) (hq : q) : p ∧ q := by',
  'theorem warm {α : Type} (l : List α) : (l ++ []).length = l.length := by',
  'theorem warm (x y : Int) (h : 2*x + 3*y = 7) (h2 : x > 0) (h3 : y > 0) : x = 2 ∧ y = 1 := by',
];
const TACTICS = [
  'omega', 'simp', 'induction c', 'constructor', 'exact ⟨hp, hq⟩', 'cases l', 'rw [Nat.add_comm]', 'simp_all', 'grind', 'intro x',
  'exact foo bar', 'apply Nat.le_trans', 'induction l', 'refine ⟨?_, ?_⟩', 'decide',
];

/** Lean's front end on a whole text. @param {import('../runtime/boot.js').Lean} lean @param {string} source */
function elaborate(lean, source) {
  const result = lean.unwrapIO(lean.fn('l_Lean_Elab_process')(lean.makeString(source), lean.inc(lean.environment), lean.emptyOptions(), lean.box(0)));
  const messages = lean.messages(lean.inc(lean.field(result, 1)));
  lean.dec(result);
  return messages;
}

/** All pairs of statement and tactic, again and again. @param {import('../runtime/boot.js').Lean} lean @param {number} seconds */
function warmUp(lean, seconds) {
  const end = performance.now() + seconds * 1000;
  for (let i = 0; performance.now() < end; i++) {
    const statement = STATEMENTS[i % STATEMENTS.length];
    elaborate(lean, `${statement}\n  ${TACTICS[Math.floor(i / STATEMENTS.length) % TACTICS.length]}\n`);
  }
}

module.exports = { warmUp, elaborate };
