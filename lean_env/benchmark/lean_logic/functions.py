"""Functions on Nat, List Nat and Lean.RArray Nat given by equations, and their values by those same equations.

In a statement they are variables with the equations as hypotheses, so that no lemma of the library is about them. The
equations cover every value and end, so that they leave no choice of what the function is.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat

from lean_env.benchmark.lean_logic.formula import CONS, SUCC, Node
from lean_env.benchmark.lean_logic.terms import MARK, Equation, equation

NAT, LIST, TREE = "Nat", "List Nat", "Lean.RArray Nat"
ZERO, NIL, LEAF, BRANCH = "0", "[]", "Lean.RArray.leaf", "Lean.RArray.branch"
#: Constructors with the types of their arguments, by type.
CONSTRUCTORS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    NAT: {ZERO: (), SUCC: (NAT,)},
    LIST: {NIL: (), CONS: (NAT, LIST)},
    TREE: {LEAF: (NAT,), BRANCH: (NAT, TREE, TREE)},
}
_SHORT = {"N": NAT, "L": LIST, "T": TREE, "s": SUCC, "nil": NIL, "cons": CONS, "leaf": LEAF, "node": BRANCH}

#: A value: a natural number, a list as a tuple of them, a tree as ("leaf", x) or ("branch", n, l, r).
Value = int | tuple["Value | str", ...]
#: A function's or constructor's name and its arguments.
Call = tuple[str, tuple[Value, ...]]

#: Larger numbers and longer lists are not computed; it also keeps Python's stack, four frames a call, within its limit.
LARGEST = 40


class TooLarge(Exception):
    """A value beyond what is computed."""


@dataclass(frozen=True)
class Function:
    """A function with the types of its arguments and its result. Without equations it is an unknown one: any."""

    name: str
    arguments: tuple[str, ...]
    result: str
    equations: tuple[Equation, ...] = ()

    @property
    def type(self) -> str:
        return " → ".join((*self.arguments, self.result))

    @cached_property
    def uses(self) -> frozenset[str]:
        """Names of other functions in its equations."""
        heads: set[str] = set()

        def visit(node: Node) -> None:
            heads.add(node.head)
            for argument in node.args:
                visit(argument)

        for one in self.equations:
            visit(one.right)
        return frozenset(heads & CATALOGUE.keys() - {self.name})

    @cached_property
    def size(self) -> int:
        """The size of its equations as hypotheses."""
        return sum(one.node(pattern_types(self, one)).size for one in self.equations)

    @cached_property
    def recurses_on(self) -> frozenset[int]:
        """Places of arguments that the equations take apart."""
        return frozenset(
            place for one in self.equations for place, arg in enumerate(one.left.args) if arg.head[0] != MARK
        )


def _function(name: str, type_: str, *equations: str) -> Function:
    *arguments, result = (_SHORT[letter] for letter in type_)

    def spelled(node: Node) -> Node:
        head = _SHORT.get(node.head, node.head)
        return Node(head, tuple(map(spelled, node.args)))

    pairs = [equation(text) for text in equations]
    return Function(name, tuple(arguments), result, tuple(Equation(spelled(a), spelled(b)) for a, b in pairs))


CATALOGUE: dict[str, Function] = {
    function.name: function
    for function in (
        _function("F", "NN"),
        _function("G", "NNN"),
        _function("add1", "NNN", "add1(0,?y)=?y", "add1(s(?x),?y)=s(add1(?x,?y))"),
        _function("add2", "NNN", "add2(?x,0)=?x", "add2(?x,s(?y))=s(add2(?x,?y))"),
        _function("add3", "NNN", "add3(0,?y)=?y", "add3(s(?x),?y)=add3(?x,s(?y))"),
        _function("mul1", "NNN", "mul1(0,?y)=0", "mul1(s(?x),?y)=add1(?y,mul1(?x,?y))"),
        _function("mul2", "NNN", "mul2(?x,0)=0", "mul2(?x,s(?y))=add2(mul2(?x,?y),?x)"),
        _function("double", "NN", "double(0)=0", "double(s(?x))=s(s(double(?x)))"),
        _function("half", "NN", "half(0)=0", "half(s(0))=0", "half(s(s(?x)))=s(half(?x))"),
        _function("pred", "NN", "pred(0)=0", "pred(s(?x))=?x"),
        _function("sub", "NNN", "sub(?x,0)=?x", "sub(?x,s(?y))=pred(sub(?x,?y))"),
        _function("max", "NNN", "max(0,?y)=?y", "max(s(?x),0)=s(?x)", "max(s(?x),s(?y))=s(max(?x,?y))"),
        _function("min", "NNN", "min(0,?y)=0", "min(s(?x),0)=0", "min(s(?x),s(?y))=s(min(?x,?y))"),
        _function("iter", "NNN", "iter(0,?y)=?y", "iter(s(?x),?y)=F(iter(?x,?y))"),
        _function("iterl", "NNN", "iterl(0,?y)=?y", "iterl(s(?x),?y)=iterl(?x,F(?y))"),
        _function("app", "LLL", "app(nil,?y)=?y", "app(cons(?x,?z),?y)=cons(?x,app(?z,?y))"),
        _function("snoc", "LNL", "snoc(nil,?x)=cons(?x,nil)", "snoc(cons(?y,?z),?x)=cons(?y,snoc(?z,?x))"),
        _function("rev1", "LL", "rev1(nil)=nil", "rev1(cons(?x,?z))=snoc(rev1(?z),?x)"),
        _function("rev2", "LL", "rev2(nil)=nil", "rev2(cons(?x,?z))=app(rev2(?z),cons(?x,nil))"),
        _function("rev3", "LLL", "rev3(nil,?y)=?y", "rev3(cons(?x,?z),?y)=rev3(?z,cons(?x,?y))"),
        _function("len", "LN", "len(nil)=0", "len(cons(?x,?z))=s(len(?z))"),
        _function("len3", "LNN", "len3(nil,?y)=?y", "len3(cons(?x,?z),?y)=len3(?z,s(?y))"),
        _function("map", "LL", "map(nil)=nil", "map(cons(?x,?z))=cons(F(?x),map(?z))"),
        _function("sum", "LN", "sum(nil)=0", "sum(cons(?x,?z))=add1(?x,sum(?z))"),
        _function("rep", "NNL", "rep(0,?y)=nil", "rep(s(?x),?y)=cons(?y,rep(?x,?y))"),
        _function("twice", "LL", "twice(nil)=nil", "twice(cons(?x,?z))=cons(?x,cons(?x,twice(?z)))"),
        _function(
            *("take", "NLL", "take(0,?y)=nil", "take(s(?x),nil)=nil"),
            "take(s(?x),cons(?w,?y))=cons(?w,take(?x,?y))",
        ),
        _function("drop", "NLL", "drop(0,?y)=?y", "drop(s(?x),nil)=nil", "drop(s(?x),cons(?w,?y))=drop(?x,?y)"),
        _function("foldr", "LNN", "foldr(nil,?y)=?y", "foldr(cons(?x,?z),?y)=G(?x,foldr(?z,?y))"),
        _function("foldl", "LNN", "foldl(nil,?y)=?y", "foldl(cons(?x,?z),?y)=foldl(?z,G(?y,?x))"),
        _function("mirror", "TT", "mirror(leaf(?x))=leaf(?x)", "mirror(node(?x,?y,?z))=node(?x,mirror(?z),mirror(?y))"),
        _function("leaves", "TN", "leaves(leaf(?x))=s(0)", "leaves(node(?x,?y,?z))=add1(leaves(?y),leaves(?z))"),
        _function("nodes", "TN", "nodes(leaf(?x))=0", "nodes(node(?x,?y,?z))=s(add1(nodes(?y),nodes(?z)))"),
        _function("height", "TN", "height(leaf(?x))=0", "height(node(?x,?y,?z))=s(max(height(?y),height(?z)))"),
        _function("flat", "TL", "flat(leaf(?x))=cons(?x,nil)", "flat(node(?x,?y,?z))=app(flat(?y),flat(?z))"),
        _function(
            "inorder", "TL", "inorder(leaf(?x))=nil", "inorder(node(?x,?y,?z))=app(inorder(?y),cons(?x,inorder(?z)))"
        ),
        _function("flat3", "TLL", "flat3(leaf(?x),?w)=cons(?x,?w)", "flat3(node(?x,?y,?z),?w)=flat3(?y,flat3(?z,?w))"),
        _function("tmap", "TT", "tmap(leaf(?x))=leaf(F(?x))", "tmap(node(?x,?y,?z))=node(F(?x),tmap(?y),tmap(?z))"),
        _function("tsum", "TN", "tsum(leaf(?x))=?x", "tsum(node(?x,?y,?z))=add1(tsum(?y),tsum(?z))"),
        _function("left", "TN", "left(leaf(?x))=?x", "left(node(?x,?y,?z))=left(?y)"),
        _function("right", "TN", "right(leaf(?x))=?x", "right(node(?x,?y,?z))=right(?z)"),
    )
}


#: The unknown functions and those whose equations mention them.
UNKNOWN = frozenset(name for name, function in CATALOGUE.items() if not function.equations)
DEPENDENT = UNKNOWN | {name for name, function in CATALOGUE.items() if function.uses & UNKNOWN}


class Meaning:
    """Values of all functions, once the unknown ones are fixed: F x = (a x² + b x + c) mod m, G likewise."""

    def __init__(self, rng: random.Random, shared: dict[Call, Value]) -> None:
        """`shared` keeps the values of functions that use no unknown one, for other meanings too."""
        self.modulus = rng.choice((3, 5, 7))
        self.unary = [rng.randrange(self.modulus) for _ in range(3)]
        self.binary = [rng.randrange(self.modulus) for _ in range(4)]
        self._shared = shared
        self._own: dict[Call, Value] = {}

    def text(self, name: str, new_name: str) -> str:
        """The unknown function F or G in words."""
        if name == "F":
            a, b, c = self.unary
            return f"{new_name} x := ({a} * x * x + {b} * x + {c}) % {self.modulus}"
        a, b, c, d = self.binary
        return f"{new_name} x y := ({a} * x * x + {b} * y + {c} * x * y + {d}) % {self.modulus}"

    def apply(self, name: str, args: tuple[Value, ...]) -> Value:
        """The function's or constructor's value. Raises TooLarge."""
        call = (name, args)
        values = self._own if name in DEPENDENT else self._shared
        known = values.get(call)
        if known is None:
            known = self._apply(name, args)
            if (known if isinstance(known, int) else len(known)) > LARGEST:
                raise TooLarge
            values[call] = known
        return known

    def _apply(self, name: str, args: tuple[Value, ...]) -> Value:
        if name == SUCC:
            (x,) = args
            assert isinstance(x, int)
            return x + 1
        if name == CONS:
            head, tail = args
            assert isinstance(tail, tuple)
            return (head, *tail)
        if name in (LEAF, BRANCH):
            return (name, *args)
        if name == "F":
            (x,) = args
            a, b, c = self.unary
            assert isinstance(x, int)
            return (a * x * x + b * x + c) % self.modulus
        if name == "G":
            x, y = args
            a, b, c, d = self.binary
            assert isinstance(x, int)
            assert isinstance(y, int)
            return (a * x * x + b * y + c * x * y + d) % self.modulus
        for left, right in CATALOGUE[name].equations:
            values: dict[str, Value] = {}
            if all(map(_fits, left.args, args, repeat(values))):
                return self.evaluate(right, values)
        raise AssertionError(f"no equation of {name} fits {args}")

    def evaluate(self, term: Node, values: Mapping[str, Value]) -> Value:
        """The term's value, its variables having theirs. Raises TooLarge."""
        if not term.args:
            return values.get(term.head, 0 if term.head == ZERO else ())
        args = []
        for argument in term.args:
            args.append(self.evaluate(argument, values))
        return self.apply(term.head, tuple(args))


def _fits(pattern: Node, value: Value, values: dict[str, Value]) -> bool:
    """Whether the value is an instance of the constructor pattern (in which no variable repeats)."""
    head = pattern.head
    if head[0] == MARK:
        values[head] = value
        return True
    if isinstance(value, int):
        if head == ZERO:
            return value == 0
        return value > 0 and _fits(pattern.args[0], value - 1, values)
    if head == NIL:
        return not value
    if head == CONS:
        parts: Sequence[Value] = (value[0], value[1:]) if value else ()  # type: ignore[assignment]
    else:
        parts = value[1:] if value[0] == head else ()  # type: ignore[assignment]
    return bool(parts) and all(map(_fits, pattern.args, parts, repeat(values)))


def pattern_types(function: Function, one: Equation) -> list[str]:
    """The types of the equation's variables, in their order."""
    types: dict[str, str] = {}

    def visit(pattern: Node, type_: str) -> None:
        if pattern.head[0] == MARK:
            types[pattern.head] = type_
        elif pattern.args:
            for argument, of in zip(pattern.args, CONSTRUCTORS[type_][pattern.head], strict=True):
                visit(argument, of)

    for argument, type_ in zip(one.left.args, function.arguments, strict=True):
        visit(argument, type_)
    return [types[variable] for variable in one.variables]


def random_value(rng: random.Random, type_: str, size: int) -> Value:
    """A value of about the size, numbers up to 5."""
    if type_ == NAT:
        return rng.randint(0, min(5, size))
    if type_ == LIST:
        return tuple(rng.randint(0, 5) for _ in range(rng.randint(0, size)))
    if size <= 0 or rng.random() < 0.25:
        return (LEAF, rng.randint(0, 5))
    return (BRANCH, rng.randint(0, 5), random_value(rng, TREE, size - 2), random_value(rng, TREE, size - 2))


def value_text(value: Value) -> str:
    """The value in Lean's words."""
    if isinstance(value, int):
        return str(value)
    if value and value[0] == LEAF:
        return f"(leaf {value[1]})"
    if value and value[0] == BRANCH:
        _, label, left, right = value
        return f"(branch {label} {value_text(left)} {value_text(right)})"  # type: ignore[arg-type]
    return f"[{', '.join(map(str, value))}]"
