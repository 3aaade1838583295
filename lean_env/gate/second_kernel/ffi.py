"""The kernel inside a native `libleanshared.so` of Lean 4.35, through ctypes: values, declarations, `add`.

It needs no compiler, no header file and no search path. Names, levels and expressions are made by the library's own
exported constructors, so that cached hashes and variable ranges are this kernel's and never a producer's.

A Lean value is a boxed number (odd) or the address of an object: int32 reference count, uint16 size, uint8 number of
pointer fields, uint8 tag, the fields, then scalars. Everything made here is *persistent* (count 0): Lean neither counts
nor frees it. That is right for a library and for a child process that checks one proof, and wrong for anything that
goes on for long. The layout and the signatures are 4.35's; any other version is refused.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

VERSION = "4.35.0"

#: Constructor order of Lean.Kernel.Exception.
_EXCEPTIONS = (
    "unknownConstant",
    "alreadyDeclared",
    "declTypeMismatch",
    "declHasMVars",
    "declHasFVars",
    "funExpected",
    "typeExpected",
    "letTypeMismatch",
    "exprTypeMismatch",
    "appTypeMismatch",
    "invalidProj",
    "thmTypeIsNotProp",
    "other",
    "deterministicTimeout",
    "excessiveMemory",
    "deepRecursion",
    "interrupted",
)
#: The field that holds the name of the constant it is about, for the exceptions that have one.
_NAMES_A_CONSTANT = {"unknownConstant", "alreadyDeclared", "declHasMVars", "declHasFVars", "thmTypeIsNotProp"}

#: A kind of our own. 4.35 refuses numbers beyond 64 MB with an exception of kind `other`; only its wording tells. Were
#: the wording another, a limit would pass for a rejection, and so for an alarm: the safe side.
TOO_LARGE = "numberTooLarge"
_TOO_LARGE = "the kernel refused"

_AXIOM, _DEFINITION, _THEOREM, _OPAQUE, _QUOTIENT = range(5)  # constructor order of Lean.Declaration
_OK = 1  # tag of Except.ok
_SAFE = 1  # position in DefinitionSafety

# The whole address space as arrays: reading a word through them takes 60 ns, a `from_address` each time 300 ns.
_BYTES = (ctypes.c_uint8 * (1 << 47)).from_address(0)
_COUNTS = (ctypes.c_int32 * (1 << 45)).from_address(0)
_WORDS = (ctypes.c_uint64 * (1 << 44)).from_address(0)

Value = int


class NativeKernelError(Exception):
    """The kernel did not accept a declaration. `kind` is the constructor of Lean.Kernel.Exception."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind


def box(number: int) -> Value:
    return number << 1 | 1


def is_boxed(value: Value) -> bool:
    return bool(value & 1)


def tag(value: Value) -> int:
    return _BYTES[value + 7]


def field(value: Value, index: int) -> Value:
    return _WORDS[(value >> 3) + 1 + index]


def scalar(value: Value, index: int) -> int:
    """Byte `index` of the scalars behind the fields."""
    return _BYTES[value + 8 + 8 * _BYTES[value + 6] + index]


def text(value: Value) -> str:
    """A Lean string's content."""
    return ctypes.string_at(value + 32, _WORDS[(value >> 3) + 1] - 1).decode()


def items(value: Value) -> list[Value]:
    """The members of a Lean list."""
    found = []
    while not is_boxed(value):
        found.append(field(value, 0))
        value = field(value, 1)
    return found


def _keep(value: Value) -> Value:
    """Makes a fresh object persistent."""
    if not is_boxed(value):
        _COUNTS[value >> 2] = 0
    return value


class NativeLean:
    """The Lean runtime of this process, with one current kernel environment. At most one a process.

    Raises OSError when the file does not load, RuntimeError when it is another Lean.
    """

    def __init__(self, shared_library: Path) -> None:
        self._library = library = ctypes.CDLL(str(shared_library))
        library.lean_initialize()
        library.lean_io_mark_end_initialization()
        version = text(ctypes.c_void_p.in_dll(library, "l_Lean_versionString").value or 0)
        if version != VERSION:
            raise RuntimeError(f"{shared_library} is Lean {version}; this binding knows {VERSION} only")
        self.githash = text(ctypes.c_void_p.in_dll(library, "l_Lean_githash").value or 0)
        # After a panic Lean would go on with a default value; here the process ends, and nothing is decided.
        library.lean_set_exit_on_panic(True)

        pointer, byte, word, size = ctypes.c_void_p, ctypes.c_uint8, ctypes.c_uint32, ctypes.c_size_t
        # lean_alloc_object would leave the size field 0, and the sharing of terms in a theorem then goes astray.
        self._allocate = self._function("lean_alloc_small_object_core", word)
        self._string = self._function("lean_mk_string_from_bytes", ctypes.c_char_p, size)
        self._big_number = self._function("lean_cstr_to_nat", ctypes.c_char_p)
        self._array = self._function("lean_mk_array", pointer, pointer)
        self._name_text = self._function("lean_name_mk_string", pointer, pointer)
        self._name_number = self._function("lean_name_mk_numeral", pointer, pointer)
        self._succ = self._function("lean_level_mk_succ", pointer)
        self._max = self._function("lean_level_mk_max", pointer, pointer)
        self._imax = self._function("lean_level_mk_imax", pointer, pointer)
        self._param = self._function("lean_level_mk_param", pointer)
        self._bound = self._function("lean_expr_mk_bvar", pointer)
        self._sort = self._function("lean_expr_mk_sort", pointer)
        self._constant = self._function("lean_expr_mk_const", pointer, pointer)
        self._apply = self._function("lean_expr_mk_app", pointer, pointer)
        self._literal = self._function("lean_expr_mk_lit", pointer)
        self._lambda = self._function("lean_expr_mk_lambda", pointer, pointer, pointer, byte)
        self._for_all = self._function("lean_expr_mk_forall", pointer, pointer, pointer, byte)
        self._let = self._function("lean_expr_mk_let", pointer, pointer, pointer, pointer, byte)
        self._projection = self._function("lean_expr_mk_proj", pointer, pointer, pointer)
        self._equal = self._function("lean_expr_eqv", pointer, pointer, result=byte)
        self._axiom_value = self._function("lean_mk_axiom_val", pointer, pointer, pointer, byte)
        self._definition_value = self._function(
            "lean_mk_definition_val", pointer, pointer, pointer, pointer, pointer, byte, pointer
        )
        self._theorem_value = self._function("lean_mk_theorem_val", pointer, pointer, pointer, pointer, pointer)
        self._opaque_value = self._function("lean_mk_opaque_val", pointer, pointer, pointer, pointer, byte, pointer)
        self._regular_hints = self._function("lean_mk_reducibility_hints_regular", word)
        self._inductive_declaration = self._function("lean_mk_inductive_decl", pointer, pointer, pointer, byte)
        # The environment, heartbeats (small allocations), recursion depth, a declaration, a cancel token.
        self._add = self._function("lean_add_decl", pointer, size, size, pointer, pointer)
        self._add_unchecked = self._function("lean_add_decl_without_checking", pointer, pointer)
        self._find = self._function("lean_environment_find", pointer, pointer)
        self._mark_quotients = self._function("lean_environment_mark_quot_init", pointer)
        self._save = self._function("lean_compacted_region_save", pointer, pointer, pointer, pointer, pointer, byte)
        self._read = self._function("lean_compacted_region_read", pointer, pointer)

        self.level_zero: Value = _keep(self._function("lean_level_mk_zero", pointer)(box(0)))
        trust_level = 0
        empty = self._function("l_Lean_mkEmptyEnvironment", word)(trust_level)
        if tag(empty) != 0:
            raise RuntimeError("this Lean makes no environment")
        self._environment: Value = self._function("lean_elab_environment_to_kernel_env", pointer)(field(empty, 0))

    def _function(self, name: str, *arguments: type, result: type = ctypes.c_void_p) -> Callable[..., int]:
        function = getattr(self._library, name)
        function.restype = result
        function.argtypes = arguments
        found: Callable[..., int] = function
        return found

    # ---- plain values ----

    def constructor(self, tag: int, fields: Sequence[Value], scalar_bytes: int = 0) -> Value:
        """An object with these fields and zeros for its scalars."""
        made = self._allocate(8 + 8 * len(fields) + scalar_bytes)
        _COUNTS[made >> 2] = 0
        _BYTES[made + 6], _BYTES[made + 7] = len(fields), tag
        for index, value in enumerate(fields):
            _WORDS[(made >> 3) + 1 + index] = value
        for index in range(scalar_bytes):
            _BYTES[made + 8 + 8 * len(fields) + index] = 0
        return made

    def list(self, members: Iterable[Value]) -> Value:
        made = box(0)
        for member in reversed([*members]):
            made = self.constructor(1, (member, made))
        return made

    def string(self, content: str) -> Value:
        data = content.encode()
        return _keep(self._string(data, len(data)))

    def number(self, value: int) -> Value:
        return box(value) if value < 1 << 63 else _keep(self._big_number(b"%d" % value))

    # ---- names, levels, expressions ----

    def child_name(self, prefix: Value, component: str | int) -> Value:
        """`prefix` extended; the anonymous name is `box(0)`."""
        if isinstance(component, str):
            return _keep(self._name_text(prefix, self.string(component)))
        return _keep(self._name_number(prefix, self.number(component)))

    def succ(self, level: Value) -> Value:
        return _keep(self._succ(level))

    def max(self, left: Value, right: Value) -> Value:
        return _keep(self._max(left, right))

    def imax(self, left: Value, right: Value) -> Value:
        return _keep(self._imax(left, right))

    def param(self, name: Value) -> Value:
        return _keep(self._param(name))

    def bound(self, index: int) -> Value:
        return _keep(self._bound(self.number(index)))

    def sort(self, level: Value) -> Value:
        return _keep(self._sort(level))

    def constant(self, name: Value, levels: Iterable[Value]) -> Value:
        return _keep(self._constant(name, self.list(levels)))

    def apply(self, function: Value, argument: Value) -> Value:
        return _keep(self._apply(function, argument))

    def lambda_(self, domain: Value, body: Value) -> Value:
        return _keep(self._lambda(box(0), domain, body, 0))

    def for_all(self, domain: Value, body: Value) -> Value:
        return _keep(self._for_all(box(0), domain, body, 0))

    def let(self, type_: Value, value: Value, body: Value, nondep: bool) -> Value:
        return _keep(self._let(box(0), type_, value, body, nondep))

    def projection(self, structure: Value, index: int, of: Value) -> Value:
        return _keep(self._projection(structure, self.number(index), of))

    def literal(self, value: int | str) -> Value:
        content = self.number(value) if isinstance(value, int) else self.string(value)
        return _keep(self._literal(self.constructor(int(isinstance(value, str)), (content,))))

    def equal(self, left: Value, right: Value) -> bool:
        """Whether two expressions are the same up to the names of bound variables: Lean's own `Expr.eqv`."""
        return bool(self._equal(left, right))

    # ---- declarations ----

    def axiom(self, name: Value, levels: Iterable[Value], type_: Value) -> Value:
        return self.constructor(_AXIOM, (_keep(self._axiom_value(name, self.list(levels), type_, False)),))

    def definition(
        self, name: Value, levels: Iterable[Value], type_: Value, value: Value, hints: str | int = "abbrev"
    ) -> Value:
        if isinstance(hints, int):
            eagerness = _keep(self._regular_hints(hints))
        else:
            eagerness = box(("opaque", "abbrev").index(hints))
        group = self.list([name])
        made = self._definition_value(name, self.list(levels), type_, value, eagerness, _SAFE, group)
        return self.constructor(_DEFINITION, (_keep(made),))

    def theorem(self, name: Value, levels: Iterable[Value], type_: Value, value: Value) -> Value:
        made = self._theorem_value(name, self.list(levels), type_, value, self.list([name]))
        return self.constructor(_THEOREM, (_keep(made),))

    def opaque(self, name: Value, levels: Iterable[Value], type_: Value, value: Value) -> Value:
        made = self._opaque_value(name, self.list(levels), type_, value, False, self.list([name]))
        return self.constructor(_OPAQUE, (_keep(made),))

    @staticmethod
    def quotients() -> Value:
        return box(_QUOTIENT)

    def inductive(
        self,
        levels: Iterable[Value],
        parameters: int,
        types: Iterable[tuple[Value, Value, Iterable[tuple[Value, Value]]]],
    ) -> Value:
        """`types`: (name, type, [(constructor, its type)]) for each member of the mutual group."""
        members = [
            self.constructor(0, (name, type_, self.list(self.constructor(0, pair) for pair in constructors)))
            for name, type_, constructors in types
        ]
        made = self._inductive_declaration(self.list(levels), self.number(parameters), self.list(members), False)
        return _keep(made)

    # ---- the environment ----

    def add(self, declaration: Value, *, check: bool = True) -> None:
        """Checks a declaration and extends the environment by it. Raises NativeKernelError, and then nothing changed.

        `check=False` believes it.
        """
        self._environment = self._extended(declaration, check)

    def accepts(self, declaration: Value) -> bool:
        """Whether `add` would succeed; the environment stays as it is."""
        try:
            self._extended(declaration, check=True)
        except NativeKernelError:
            return False
        return True

    def _extended(self, declaration: Value, check: bool) -> Value:
        self._retain(self._environment)  # the call consumes one reference; ours must survive a refusal
        if check:
            no_limit = 0
            result = self._add(self._environment, no_limit, no_limit, declaration, box(0))
        else:
            result = self._add_unchecked(self._environment, declaration)
        if tag(result) != _OK:
            raise self._error(field(result, 0))
        return field(result, 0)

    @staticmethod
    def _error(exception: Value) -> NativeKernelError:
        if is_boxed(exception):  # constructors without fields
            return NativeKernelError(_EXCEPTIONS[exception >> 1])
        kind = _EXCEPTIONS[tag(exception)]
        detail = ""
        if kind == "other":
            detail = text(field(exception, 0))
            if detail.startswith(_TOO_LARGE):
                kind = TOO_LARGE
        elif kind in _NAMES_A_CONSTANT:
            detail = ".".join(str(component) for component in name_components_of(field(exception, 1)))
        return NativeKernelError(kind, detail)

    def find(self, name: Value) -> Value | None:
        """The ConstantInfo of a name, or None."""
        self._retain(self._environment)
        found = self._find(self._environment, name)
        return None if is_boxed(found) else field(found, 0)

    @staticmethod
    def _retain(value: Value) -> None:
        if _COUNTS[value >> 2] > 0:
            _COUNTS[value >> 2] += 1

    # ---- the constants of an environment as a file that is mapped into memory ----

    def save(self, path: Path) -> None:
        """Writes the environment's constants as a compacted region: Lean's own .olean format around another root."""
        constants = field(self._environment, 0)
        label = self.child_name(box(0), "library")
        result = self._save(self.string(str(path)), label, constants, self._array(box(0), box(0)), box(0), False)
        if tag(result) != 0:
            raise OSError(f"Lean does not write {path}")

    def restore(self, path: Path) -> None:
        """The environment becomes the saved constants, quotients included. The file is believed: hash it before."""
        result = self._read(self.string(str(path)), self._array(box(0), box(0)))
        if tag(result) != 0:
            raise OSError(f"Lean does not read {path}")
        empty = self._environment
        others = [field(empty, index) for index in range(1, _BYTES[empty + 6])]
        for other in others:
            if not is_boxed(other):
                self._retain(other)
        restored = self.constructor(tag(empty), (field(field(result, 0), 0), *others), scalar_bytes=8)
        _COUNTS[restored >> 2] = 1
        self._environment = self._mark_quotients(restored)


def name_components_of(name: Value) -> list[str | int]:
    """The components of a native name, outermost first."""
    found: list[str | int] = []
    while not is_boxed(name):
        last = field(name, 1)
        found.append(text(last) if tag(name) == 1 else last >> 1)
        name = field(name, 0)
    return found[::-1]
