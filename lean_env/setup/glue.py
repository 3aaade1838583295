"""Turns the 89 MB emscripten glue `lean.js` of the npm package into the 0.7 MB `glue.js` that the host runs.

88 of the 89 MB are one assignment per exported symbol, of which the glue itself uses 48. The rest of the file stays as
it is but for the patches below. Every patch fails loudly when its text is gone, so that another release of the package
cannot be patched by halves. The host (host/runtime/boot.js) talks to the glue through `globalThis.__leanHost`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Exports that the host needs from the wasm module itself, beside those that the glue uses.
HOST_EXPORTS = frozenset(
    {
        "_emscripten_tls_init",
        "__wasm_call_ctors",
        "malloc",
        "free",
        "emscripten_stack_set_limits",
        "_emscripten_stack_restore",
        "emscripten_stack_get_current",
        "setThrew",
    }
)


class GlueChanged(Exception):
    """The package's lean.js is not the one that these patches were written for."""


@dataclass(frozen=True, slots=True)
class Patch:
    """Replaces the first occurrence of `old`; `why` is for the reader and for the error message."""

    why: str
    old: str
    new: str


PATCHES = (
    Patch(
        "the host supplies the Module object (memory, print, instantiateWasm) and main is not run",
        'var Module=typeof Module!="undefined"?Module:{};',
        "var Module=globalThis.__leanHost.module;",
    ),
    Patch(
        "the host needs the wasm exports and the memory",
        "function receiveInstance(instance,module){wasmExports=instance.exports;",
        "function receiveInstance(instance,module){wasmExports=instance.exports;"
        "Module.wasmExports=wasmExports;Module.memory=wasmMemory;",
    ),
    Patch(
        "no loop over 200,000 exports at start; the host needs the function table",
        "updateGOT(origExports);LDSO.init();loadDylibs();",
        "LDSO.init();loadDylibs();Module.wasmTable=wasmTable;",
    ),
    Patch(
        "no scan of the 150,000 slots of the function table",
        "if(!functionsInTableMap){functionsInTableMap=new WeakMap;updateTableMap(0,wasmTable.length)}",
        "if(!functionsInTableMap){functionsInTableMap=new WeakMap}",
    ),
    Patch(
        "the mirror of the function table is allocated once instead of growing slot by slot",
        "var wasmTableMirror=[]",
        "var wasmTableMirror=new Array(160000).fill(undefined)",
    ),
    Patch(
        "OpenGL and OpenAL entries are never called, and resolving them is slow",
        "for(var[symName,entry]of Object.entries(GOT)){",
        "for(var[symName,entry]of Object.entries(GOT)){"
        "if(/^(emscripten_gl|emscripten_al|al[A-Zc])/.test(symName)){entry.value=0;continue}",
    ),
    Patch(
        "dlsym asks the symbol file; the linear search made a start take two minutes",
        "var __dlsym_js=(handle,symbol,symbolIndex)=>{symbol=UTF8ToString(symbol);",
        "var __dlsym_js=(handle,symbol,symbolIndex)=>{symbol=UTF8ToString(symbol);"
        "{const found=globalThis.__leanHost.lookUp(symbol);if(found)return found.value;"
        "dlSetError(`unknown symbol ${symbol}`);return 0}",
    ),
    Patch(
        "one thread: exports of thread-local data are not relocated",
        "if(!__tls_base){return}",
        "return;",
    ),
    Patch("one thread: no pool of workers", "var pthreadPoolSize=4;", "var pthreadPoolSize=0;"),
    Patch(
        "one thread: pthread_create reports success and starts nothing; host/runtime/scheduler.js runs the tasks",
        "var spawnThread=threadParams=>{",
        "var spawnThread=threadParams=>{return 0;",
    ),
    Patch(
        "a memory snapshot replaces the C++ constructors",
        'wasmExports["__wasm_call_ctors"]()',
        'Module.restoreGlobals?Module.restoreGlobals(wasmExports):wasmExports["__wasm_call_ctors"]()',
    ),
    Patch(
        "process.binding is refused under node --permission",
        'process.binding("constants")',
        '{fs:require("fs").constants}',
    ),
)

_IDENTIFIER = r"[A-Za-z_$][\w$]*"


def rewrite_glue(source: str) -> tuple[str, list[str]]:
    """Returns the patched glue and the sorted names that must stay real wasm exports.

    Raises GlueChanged when `source` is not the expected file.
    """
    glue, exports = _drop_export_assignments(source)
    for patch in PATCHES:
        if patch.old not in glue:
            raise GlueChanged(f"lean.js of the package is another one than expected; cannot patch: {patch.why}")
        glue = glue.replace(patch.old, patch.new, 1)
    # The build prints [DEBUG...] lines on stdout while it starts.
    return glue.replace('console.log("[DEBUG:', '(()=>{})("[DEBUG:'), sorted(exports | HOST_EXPORTS)


def _drop_export_assignments(source: str) -> tuple[str, set[str]]:
    """Keeps only the export variables that the rest of the glue mentions (48 of 200,000)."""
    function_start = source.find("function assignWasmExports(wasmExports){")
    function_end = source.find("var wasmImports", function_start)
    variables_start = source.rfind("var _main,", 0, function_start)
    if min(function_start, function_end, variables_start) < 0:
        raise GlueChanged("lean.js of the package is another one than expected; its export assignments were not found")
    head, variables = source[:variables_start], source[variables_start:function_start]
    body, tail = source[function_start:function_end], source[function_end:]

    mentioned = set(re.findall(_IDENTIFIER, head)) | set(re.findall(_IDENTIFIER, tail))
    table_names = ("wasmTable", "__indirect_function_table")
    kept = [
        name
        for name in re.findall(rf"(?:var |,)({_IDENTIFIER})", variables)
        if name in mentioned and name not in table_names
    ]
    assignments = {
        match[1]: (match[0], match[2])
        for match in re.finditer(rf'({_IDENTIFIER})=Module\["[^"]+"\]=wasmExports\["([^"]+)"\](?:\.value)?', body)
    }
    statements = [assignments[name][0] for name in kept]
    statements.append('__indirect_function_table=Module["__indirect_function_table"]=wasmTable=Module.functionTable')
    declaration = "var " + ",".join([*kept, *reversed(table_names)]) + ";"
    function = "function assignWasmExports(wasmExports){" + ";".join(statements) + "}"
    return head + declaration + function + tail, {assignments[name][1] for name in kept}
