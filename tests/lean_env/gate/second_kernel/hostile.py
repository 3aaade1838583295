"""Hostile declarations for the native kernel, made without any front; prints [[label, verdict], ...] as JSON.

    python hostile.py LIBLEANSHARED IMAGE          (in a process of its own: there is one Lean runtime a process)

From public reports of kernel bugs: lean4#14576 (ill-typed parameter of a nested inductive, accepted by 4.28), #14484
(stray free variables and metavariables in an opaque), projections out of Prop or beyond 32 bits, and the old classics.
"""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Callable
from pathlib import Path

from lean_env.gate.second_kernel.ffi import NativeKernelError, NativeLean, Value
from lean_env.gate.second_kernel.terms import NativeTerms
from lean_env.library.expression import Apply, Bound, Constant, Expression, ForAll, Lambda, Projection, Sort, Succ, Zero

lean = NativeLean(Path(sys.argv[1]))
lean.restore(Path(sys.argv[2]))
terms = NativeTerms(lean)
verdicts: list[tuple[str, str]] = []

PROP, TYPE = Sort(Zero()), Sort(Succ(Zero()))
NAT, BOOL, FALSE = (Constant(name, ()) for name in ("Nat", "Bool", "False"))


def const(name: str) -> Constant:
    return Constant(name, ())


def app(name: str, *arguments: Expression, levels: tuple[Zero, ...] = ()) -> Expression:
    node: Expression = Constant(name, levels)
    for argument in arguments:
        node = Apply(node, argument)
    return node


def pi(*parts: Expression) -> Expression:
    *domains, to = parts
    for domain in reversed(domains):
        to = ForAll("x", 0, domain, to)
    return to


def add(label: str, declaration: Value) -> None:
    try:
        lean.add(declaration)
        verdicts.append((label, "accept"))
    except NativeKernelError as error:
        verdicts.append((label, error.kind))


def inductive(label: str, name: str, parameters: int, type_: Expression, constructor: Expression) -> None:
    made = (terms.name(f"{name}.mk"), terms.expression(constructor))
    add(label, lean.inductive([], parameters, [(terms.name(name), terms.expression(type_), [made])]))


def project(label: str, domain: Expression, to: Expression, structure: str, index: int = 0) -> None:
    value = Lambda("x", 0, domain, Projection(structure, index, Bound(0)))
    name = terms.name(f"probe.f{len(verdicts)}")
    add(label, lean.definition(name, [], terms.expression(pi(domain, to)), terms.expression(value)))


def native_leaf(maker: str) -> Value:
    """A free variable or metavariable, which our own terms cannot spell."""
    make = getattr(ctypes.CDLL(sys.argv[1]), maker)
    make.restype, make.argtypes = ctypes.c_void_p, (ctypes.c_void_p,)
    made: int = make(terms.name("h"))
    return made


def phantom(flag: Expression, member: Expression) -> Expression:
    return app("Ph", flag, member)


two = phantom(Bound(2), Bound(1))
inductive("honest: Ph (b : Bool) (A : Type) | mk (a : A)", "Ph", 2, pi(BOOL, TYPE, TYPE), pi(BOOL, TYPE, Bound(0), two))
inductive("honest: nested T | mk (Ph true T)", "T0", 0, TYPE, pi(phantom(const("Bool.true"), const("T0")), const("T0")))
inductive("nested T | mk (Ph Nat.zero T)", "T1", 0, TYPE, pi(phantom(const("Nat.zero"), const("T1")), const("T1")))

false = terms.expression(FALSE)
for leaf in ("fvar", "mvar"):
    value = native_leaf(f"lean_expr_mk_{leaf}")
    makers: dict[str, Callable[..., Value]] = {"opaque": lean.opaque, "theorem": lean.theorem}
    for kind, make in makers.items():
        add(f"{kind} : False := {leaf}", make(terms.name(f"probe.{kind}.{leaf}"), [], false, value))
    add(f"axiom : {leaf}", lean.axiom(terms.name(f"probe.axiom.{leaf}"), [], value))

inductive("honest: P : Prop | mk (b : Bool)", "P", 0, PROP, pi(BOOL, const("P")))
inductive("honest: S : Type | mk (b : Bool)", "S", 0, TYPE, pi(BOOL, const("S")))
inductive("honest: W : Type | mk (p : P)", "W", 0, TYPE, pi(const("P"), const("W")))
project("honest: w.0 through W", const("W"), const("P"), "W")
project("p.0, data out of Prop", const("P"), BOOL, "P")
project("p.0 through S", const("P"), BOOL, "S")
project("w.0 through S", const("W"), BOOL, "S")
project("s.0 through W", const("S"), BOOL, "W")
project("s.1, beyond the structure", const("S"), BOOL, "S", 1)
project("s.(2^32)", const("S"), BOOL, "S", 2**32)

inductive("N | mk (N -> Nat), negative", "N", 0, TYPE, pi(pi(const("N"), NAT), const("N")))
nested = app("List", pi(const("X"), NAT), levels=(Zero(),))
inductive("X | mk (List (X -> Nat)), nested negative", "X", 0, TYPE, pi(nested, const("X")))
inductive("honest: Y | mk (List Y)", "Y", 0, TYPE, pi(app("List", const("Y"), levels=(Zero(),)), const("Y")))
inductive("V : Type | mk (A : Type), universe too small", "V", 0, TYPE, pi(TYPE, const("V")))
type_, prop, name = terms.expression(TYPE), terms.expression(PROP), terms.name
add("Type : Type", lean.definition(name("probe.tt"), [], type_, type_))
add("a repeated universe", lean.definition(name("probe.du"), terms.names(["u", "u"]), type_, prop))
add("Nat.add again", lean.definition(name("Nat.add"), [], terms.expression(NAT), terms.expression(const("Nat.zero"))))
add("a theorem of Nat", lean.theorem(name("probe.np"), [], terms.expression(NAT), terms.expression(const("Nat.zero"))))
print(json.dumps(verdicts))
