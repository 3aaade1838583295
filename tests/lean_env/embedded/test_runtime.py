"""The object layer over Lean's memory, as a worker starts it: small scripts in a Node with a worker's own flags."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lean_env.embedded.installation import Installation
from lean_env.embedded.worker import worker_command

RunScript = Callable[..., Any]

PRELUDE = """
const HOST = {host};
const {{ boot }} = require(HOST + '/runtime/boot.js');
const {{ elaborate }} = require(HOST + '/build/warm_up.js');
const options = {{ root: {root}, ...{options} }};
const answer = (value) => process.stdout.write(JSON.stringify(value) + '\\n', () => process.exit(0));
const errorsOf = (messages) => messages.filter((m) => m.severity === 'error').map((m) => m.data);
const thrown = (work) => {{
    try {{ work(); return null; }} catch (error) {{ return `${{error.name}}: ${{error.message}}`; }}
}};
const has = (lean, environment, name) => {{
    const skipRealize = lean.box(1);
    return !(lean.call('l_Lean_Environment_find_x3f', lean.inc(environment), lean.makeName(name), skipRealize) & 1);
}};
boot(options).then((lean) => {{ {body} }}).catch((error) => {{ console.error(error); process.exit(1); }});
"""


@pytest.fixture
def script(installation: Installation, tmp_path: Path) -> RunScript:
    """Runs JavaScript with a started `lean` and returns what it hands to `answer`."""

    def run(body: str, **options: Any) -> Any:
        path = tmp_path / "script.js"
        host, root = json.dumps(str(installation.host)), json.dumps(str(installation.root))
        path.write_text(PRELUDE.format(host=host, root=root, options=json.dumps(options), body=body))
        *flags, _server, _root, _role = worker_command(installation, "elaborate")
        done = subprocess.run(
            ["/bin/sh", "-c", 'ulimit -s 65520 && exec "$@"', "sh", *flags, f"--allow-fs-read={path}", str(path)],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env={},
            cwd=installation.root,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


# --- objects ---


def test_values_survive_the_way_in_and_out(script: RunScript) -> None:
    assert script("""
        const texts = ['', 'a ≤ b', 'α → 𝔸', 'nul\\0inside'].map((text) => lean.takeString(lean.makeString(text)));
        const names = ['', 'Nat.add_comm', 'a._hyg.12.b'].map((name) => lean.nameToString(lean.makeName(name)));
        const dotted = lean.nameToString(lean.nameFrom(['a.b', 3]));
        const list = lean.listItems(lean.makeList([1, 2, 3].map(lean.box)));
        const array = lean.arrayItems(lean.makeArray([4, 5].map(lean.box)));
        const empty = lean.listItems(lean.makeList([]));
        answer({ texts, names, dotted, list, array, empty, top: lean.box(2 ** 31 - 1) });
    """) == {
        "texts": ["", "a ≤ b", "α → 𝔸", "nul\0inside"],
        "names": ["", "Nat.add_comm", "a._hyg.12.b"],
        "dotted": "a.b.3",
        "list": [3, 5, 7],
        "array": [9, 11],
        "empty": [],
        "top": 2**32 - 1,
    }


def test_names_are_leans_own(script: RunScript) -> None:
    """A name that we build is found in the environment, so its hash and shape are right."""
    assert script("""
        const names = ['Nat.add_comm', 'List.map_append', 'Nat.no_such_lemma'];
        answer(names.map((name) => has(lean, lean.environment, name)));
    """) == [True, True, False]


def test_constructors_have_fields_and_zeroed_scalars(script: RunScript) -> None:
    assert script("""
        for (let i = 0; i < 1000; i++) lean.dec(lean.makeString('x'.repeat(i % 50))); // leave rubbish in the free lists
        const p = lean.makeCtor(3, [lean.box(7), lean.makeString('field')], 5);
        const scalars = Array.from(lean.u8().slice(p + 16, p + 21));
        const fields = [lean.field(p, 0), lean.readString(lean.field(p, 1))];
        answer([lean.tag(p), lean.fieldCount(p), ...fields, scalars, lean.refCount(p)]);
    """) == [3, 2, 15, "field", [0, 0, 0, 0, 0], 1]


def test_reference_counts_are_kept(script: RunScript) -> None:
    assert script("""
        const p = lean.makeString('shared');
        const counts = [lean.refCount(p)];
        lean.inc(p); counts.push(lean.refCount(p));
        const pair = lean.makeCtor(0, [p, lean.box(0)]);
        lean.inc(p); lean.dec(pair); counts.push(lean.refCount(p)); // the pair is gone, and with it one reference
        lean.dec(p); counts.push(lean.refCount(p));
        const persistent = lean.globalValue('l_Lean_Options_empty');
        const before = lean.refCount(persistent);
        lean.inc(persistent); lean.dec(persistent); lean.dec(persistent);
        answer({ counts, untouched: (persistent & 1) === 1 || before !== 0 || lean.refCount(persistent) === 0 });
    """) == {"counts": [1, 2, 2, 1], "untouched": True}


def test_references_hold_a_value(script: RunScript) -> None:
    assert (
        script("""
        const ref = lean.makeRef(lean.makeString('kept'));
        const value = lean.readRef(ref);
        lean.dec(ref);
        answer(lean.takeString(value));
    """)
        == "kept"
    )


def test_wrong_calls_are_errors(script: RunScript) -> None:
    answers = script("""
        answer([
            thrown(() => lean.fn('l_No_Such_Function')),
            thrown(() => lean.call('l_Lean_Environment_find_x3f', lean.box(0))),
            lean.hasSymbol('l_No_Such_Function'), lean.hasSymbol('l_Lean_importModules'),
        ]);
    """)
    assert "no symbol l_No_Such_Function" in answers[0]
    assert "takes 3 arguments, got 1" in answers[1]
    assert answers[2:] == [False, True]


# --- environments ---


def test_a_strict_environment_sees_its_imports_and_no_more(script: RunScript) -> None:
    assert script("""
        const environment = lean.importModules(['Init.Data.Nat.Basic']);
        const names = ['Nat.add_comm', 'List.map_append', 'Lean.Omega.Int.pos_pow_of_pos'];
        answer(names.map((name) => has(lean, environment, name)));
    """) == [True, False, False]


def test_a_missing_module_is_named(script: RunScript) -> None:
    """Lean is in the installation, but a restored worker has Init and Std only: nothing is mounted."""
    answers = script("answer(['Nope', 'Lean', 'Init.Nope'].map((name) => thrown(() => lean.importModules([name]))));")
    for name, answer in zip(["Nope", "Lean", "Init"], answers, strict=True):
        assert name in answer


def test_a_snapshot_is_the_environment_of_a_cold_start(script: RunScript) -> None:
    facts = """
        const header = lean.call('l_Lean_Environment_header', lean.inc(lean.environment));
        const [names, data] = [3, 5].map((field) => lean.arrayItems(lean.field(header, field)));
        const modules = names.map((module) => lean.nameToString(lean.field(lean.field(module, 0), 0)));
        const constants = data.map((module) => lean.arrayItems(lean.field(module, 1)).length);
        const proved = elaborate(lean, 'theorem t (l : List Nat) : l.reverse.reverse = l := by simp');
        const refused = errorsOf(elaborate(lean, 'theorem t : 1 = 2 := by omega'));
        answer({ modules, constants, proved, refused });
    """
    restored, cold = script(facts), script(facts, snapshot=False)
    assert restored == cold
    assert len(restored["modules"]) > 500
    assert restored["proved"] == []
    assert len(restored["refused"]) == 1


def test_imports_are_given_back(script: RunScript) -> None:
    grown = script("""
        const cycle = () => lean.dec(lean.importModules(['Init.Data.List.Lemmas']));
        for (let i = 0; i < 3; i++) cycle();
        const before = lean.memoryBytes();
        for (let i = 0; i < 30; i++) cycle();
        answer(lean.memoryBytes() - before);
    """)
    assert grown == 0


# --- running Lean ---


def test_tasks_run_on_the_one_thread(script: RunScript) -> None:
    assert script("""
        const source = '#eval (Task.spawn fun _ => (Task.spawn fun _ => 20).get + 1).get * 2';
        answer(elaborate(lean, source).map((m) => m.data.trim()));
    """) == ["42"]


def test_an_exception_of_the_kernel_is_caught_inside_lean(script: RunScript) -> None:
    """C++ exceptions cross the invoke functions: the message arrives, the stack is rewound, Lean works on."""
    answers = script("""
        const source = 'theorem wrong : 1 = 2 := by\\n  decide +kernel\\n';
        const loop = 'theorem deep : (List.range 20000).length = 20000 := by\\n  rfl\\n';
        const refused = [errorsOf(elaborate(lean, source)).length, errorsOf(elaborate(lean, loop)).length];
        const after = elaborate(lean, 'theorem fine : 1 + 1 = 2 := by decide');
        answer({ refused, rewound: lean.stackIsRewound(), after });
    """)
    assert answers == {"refused": [1, 1], "rewound": True, "after": []}


def test_a_torn_stack_is_noticed(script: RunScript) -> None:
    """JavaScript's stack overflows before the C stack does; then the process must go."""
    answers = script("""
        const deep = 'example : Nat := ' + 'Nat.succ ('.repeat(5000) + '0' + ')'.repeat(5000);
        const before = lean.stackIsRewound();
        answer({ before, error: thrown(() => elaborate(lean, deep)), after: lean.stackIsRewound() });
    """)
    assert answers["before"] is True
    assert answers["error"].startswith("RangeError")
    assert answers["after"] is False


def test_a_replaced_function_is_called_by_lean(script: RunScript) -> None:
    assert script("""
        let calls = 0;
        lean.replaceFunction('l_Lean_Elab_Tactic_evalSkip___boxed', (...args) => {
            calls += 1;
            for (const argument of args) lean.dec(argument);
            return lean.makeCtor(0, [lean.box(0)]);
        });
        const messages = elaborate(lean, 'theorem t : True := by\\n  skip\\n  trivial\\n');
        answer({ calls, messages });
    """) == {"calls": 1, "messages": []}


# --- what is out of reach ---


def test_lean_sees_no_file_of_the_host_and_can_write_none(script: RunScript) -> None:
    path = json.dumps(str(Path(__file__).resolve()))
    answers = script(f"""
        const evaluations = [
            'IO.FS.readFile ' + {path!r},
            'IO.FS.writeFile "/tmp/planted" "x"',
            'IO.FS.writeFile "/lean/lib/lean/Planted.olean" "x"',
            'IO.FS.writeFile "/lean/lib/lean/Init/Core.olean" "x"',
            'IO.FS.createDir "/planted"',
            'IO.FS.removeFile "/lean/lib/lean/Init/Core.olean"',
            'IO.FS.rename "/lean/lib/lean/Init/Core.olean" "/lean/lib/lean/Planted.olean"',
        ];
        answer(evaluations.map((text) => errorsOf(elaborate(lean, '#eval ' + text)).join()));
    """)
    assert "no such file" in answers[0]
    for answer in answers[1:]:
        assert "read-only file system" in answer


def test_a_cold_start_cannot_write_to_the_mounted_library(script: RunScript) -> None:
    answers = script(
        """
        const planted = '/lean/lib/lean/Planted.olean', real = '/lean/lib/lean/Init/Core.olean';
        answer([
            `IO.FS.writeFile "${planted}" "x"`, `IO.FS.writeFile "${real}" "x"`, `IO.FS.removeFile "${real}"`,
        ].map((text) => errorsOf(elaborate(lean, '#eval ' + text)).join()));
        """,
        snapshot=False,
    )
    assert len(answers) == 3
    for answer in answers:
        assert "read-only file system" in answer


def test_the_process_itself_may_read_only_its_own_files(script: RunScript) -> None:
    assert (
        script("""
        const fs = require('fs');
        const codes = [() => fs.readFileSync('/etc/hosts'), () => fs.writeFileSync('/tmp/planted', ''),
                       () => require('child_process').spawnSync('true')];
        answer(codes.map((work) => { try { work(); return null; } catch (error) { return error.code; } }));
    """)
        == ["ERR_ACCESS_DENIED"] * 3
    )


def test_printing_goes_to_the_host_only_on_request(script: RunScript, installation: Installation) -> None:
    assert (
        script("""
        const source = 'theorem t : (dbg_trace "leak"; true) = true := by native_decide\\n#eval dbg_trace "leak"; 1';
        elaborate(lean, source);
        answer('only this line');
    """)
        == "only this line"
    )


def test_the_code_cache_changes_nothing_but_the_speed(script: RunScript) -> None:
    body = """
        const messages = elaborate(lean, 'theorem t (a b : Nat) (h : a < b) : ¬ b ≤ a := by omega\\n#print axioms t');
        answer({ accepted: lean.codeCacheAccepted, messages: messages.map((m) => m.data) });
    """
    with_cache, without = script(body), script(body, useCodeCache=False)
    assert (with_cache.pop("accepted"), without.pop("accepted")) == (True, False)
    assert with_cache == without


# --- the interpreter ---


def test_a_process_that_decides_ends_before_it_runs_code(script: RunScript) -> None:
    """The kernel evaluates `Lean.reduceBool` by running code. Two lists of names keep that from a process that decides;
    this is what would happen without them."""
    assert script("""
        const { InterpreterWatch } = require(HOST + '/lean/interpreter.js');
        const watch = new InterpreterWatch(lean, true);
        const honest = errorsOf(elaborate(lean, 'theorem t (a b : Nat) : a + b = b + a := by omega'));
        answer({ honest, code: thrown(() => elaborate(lean, '#eval 1')), runs: watch.runs });
    """) == {"honest": [], "code": "Error: a process that decides was asked to run code", "runs": 1}


def test_nothing_calls_the_interpreter_past_the_function_table(script: RunScript) -> None:
    """All callers of the function that makes an interpreter go through its slot, where the host stands: no function
    body has the bytes of a direct call (a search that errs on the safe side)."""
    direct, of_eval_const = script("""
        const { Reader, readSections } = require(HOST + '/build/wasm_reader.js');
        const { SECTION, unsigned } = require(HOST + '/runtime/wasm_bytes.js');
        const { loadSymbols } = require(HOST + '/runtime/symbols.js');
        const { WITH_INTERPRETER } = require(HOST + '/lean/interpreter.js');
        const lookUp = loadSymbols(options.root + '/symbols.bin');
        const bytes = require('fs').readFileSync(options.root + '/slim.wasm');
        const reader = new Reader(bytes);
        const sections = readSections(reader);
        const section = (id) => sections.find((s) => s.id === id);
        const indexOf = (name) => {
            const { value } = lookUp(name);
            for (let left = reader.vector(section(SECTION.element).start); left > 0; left--) {
                reader.unsigned();
                reader.byte();
                const first = reader.signed();
                reader.byte();
                for (let at = 0, count = reader.unsigned(); at < count; at++) {
                    const index = reader.unsigned();
                    if (first + at === value) return index;
                }
            }
        };
        const { start, end } = section(SECTION.code);
        const directCalls = (name) => {
            const call = Buffer.from([0x10, ...unsigned(indexOf(name))]);
            let found = 0;
            for (let at = bytes.indexOf(call, start); at >= 0 && at < end; at = bytes.indexOf(call, at + 1)) found++;
            return found;
        };
        answer([directCalls(WITH_INTERPRETER), directCalls('lean_eval_const')]);
    """)
    assert direct == 0
    assert of_eval_const >= 2, "the search finds what is there"
