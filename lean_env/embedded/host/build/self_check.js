'use strict';
/**
 * node self_check.js ROOT      starts Lean as a worker does, proves one theorem, refuses one, imports a strict environment,
 *                              and prints what it found as one line of JSON (read by lean_env/setup/doctor.py)
 */
const { boot } = require('../runtime/boot.js');
const { elaborate } = require('./warm_up.js');

async function main() {
  const start = performance.now();
  const lean = await boot({ root: process.argv[2] });
  const startMs = Math.round(performance.now() - start);
  const proved = elaborate(lean, 'theorem right (a b : Nat) : a + b = b + a := by omega\n').length === 0;
  const refused = elaborate(lean, 'theorem wrong : 1 = 2 := by decide\n').some((m) => m.severity === 'error');
  const environment = lean.importModules(['Init.Data.Nat.Basic']);
  lean.dec(environment);
  const answer = {
    start_ms: startMs,
    marks: lean.marks,
    code_cache_accepted: lean.codeCacheAccepted,
    works: proved && refused && lean.stackIsRewound(),
    wasm_mb: Math.round(lean.memoryBytes() / 2 ** 20),
    v8: process.versions.v8,
  };
  process.stdout.write(JSON.stringify(answer) + '\n', () => process.exit(0));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
