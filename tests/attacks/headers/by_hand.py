"""Headers written by hand, as a corrupted stater could send them, with a statement, a proof in which nothing is wrong,
and the verdict."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from handmade import (
    FALSE,
    NAT,
    ONE,
    PROP,
    U,
    app,
    const,
    definition,
    equal,
    fun,
    number,
    pi,
    refl,
    theorem,
)

from lean_env.library.expression import Bound, Expression, Level, Param, Sort, Succ, Zero
from lean_env.library.inductive import Constructor, Declared, InductiveGroup, InductiveType
from lean_env.library.ndjson import ExportedDeclaration
from lean_env.library.ndjson_writer import write_declarations
from lean_env.library.olean import Kind
from lean_env.theorem import Environment, Header

ENVIRONMENT = Environment(("Init",), Header("-- by hand"))
TYPE = Sort(ONE)
BOOL = const("Bool")


def group(*types: InductiveType, parameters: int = 0, levels: tuple[str, ...] = (), nested: int = 0) -> InductiveGroup:
    return InductiveGroup(levels, parameters, types, nested)


def inductive(name: str, type_: Expression, **constructors: Expression) -> InductiveType:
    """Constructors by their last component."""
    return InductiveType(name, type_, tuple(Constructor(f"{name}.{each}", it) for each, it in constructors.items()))


def reflexive(type_: Expression, level: Level = ONE) -> tuple[Expression, Expression]:
    """`∀ x : T, x = x`, and its proof."""
    return pi(type_, to=equal(Bound(0), Bound(0), type_, level)), fun(type_, to=refl(Bound(0), type_, level))


ANYTHING = reflexive(NAT)

PHANTOM = group(
    inductive("Ph", pi(BOOL, TYPE, to=TYPE), mk=pi(BOOL, TYPE, to=app("Ph", Bound(1), Bound(0)))), parameters=2
)
ENUM = group(inductive("E", TYPE, a=const("E"), b=const("E")))
LIST_OF = app(const("List", Zero()), const("Rose"))
ROSE = group(inductive("Rose", TYPE, node=pi(LIST_OF, to=const("Rose"))), nested=1)


@dataclass(frozen=True)
class Case:
    """`verdict`: `accepted`, a check that rejects, or `refused` (with words of the reason) where the header is none."""

    name: str
    header: Sequence[Declared] | str
    statement: Expression
    proof: Expression
    verdict: str
    levels: tuple[str, ...] = ()
    auxiliaries: Sequence[ExportedDeclaration] = ()


def case(
    name: str,
    header: Sequence[Declared] | str,
    verdict: str,
    claim: tuple[Expression, Expression] = ANYTHING,
    auxiliaries: Sequence[ExportedDeclaration] = (),
) -> Case:
    return Case(name, header, *claim, verdict, auxiliaries=auxiliaries)


def damaged(change: Callable[[list[dict[str, Any]]], None], *declarations: Declared) -> str:
    """An honest header's text after a change of its records."""
    records = [json.loads(line) for line in write_declarations(declarations).splitlines()]
    change(records)
    return "\n".join(json.dumps(record, ensure_ascii=False) for record in records) + "\n"


def in_group(change: Callable[[dict[str, Any]], None], *declarations: Declared) -> str:
    return damaged(lambda records: change(records[-1]["inductive"]), *(declarations or (ENUM,)))


def of(part: str, **fields: Any) -> str:
    """The enumeration with other fields in its first type or constructor."""
    return in_group(lambda group: group[part][0].update(fields))


def with_axiom(records: list[dict[str, Any]]) -> None:
    records.append({"axiom": {"name": 1, "levelParams": [], "type": 0, "isUnsafe": False}})


CYCLE = (definition("a", NAT, const("b")), definition("b", NAT, const("a")))
FAKE_GCD = definition("Nat.gcd", pi(NAT, NAT, to=NAT), fun(NAT, NAT, to=Bound(1)))
LYING_GCD = (equal(app("Nat.gcd", number(4), number(2)), number(4)), refl(number(4)))
OR_LIKE = group(inductive("P2", PROP, a=const("P2"), b=const("P2")))
TELL = definition(
    "tell",
    pi(const("P2"), to=BOOL),
    fun(
        const("P2"),
        to=app(const("P2.rec", ONE), fun(const("P2"), to=BOOL), const("Bool.true"), const("Bool.false"), Bound(0)),
    ),
)
BAD = inductive("Bad", TYPE, mk=pi(pi(const("Bad"), to=FALSE), to=const("Bad")))
NESTED_BAD = pi(app(const("List", Zero()), pi(const("N"), to=FALSE)), to=const("N"))

CASES = [
    # what is honest passes
    case("an enumeration", [ENUM], "accepted", reflexive(const("E"))),
    case(
        "a definition and a lemma",
        [definition("one", NAT, number(1)), theorem(equal(const("one"), number(1)), refl(number(1)), name="lem")],
        "accepted",
        (equal(const("one"), number(1)), const("lem")),
    ),
    case("a nested type, and its second recursor's name", [ROSE], "accepted", reflexive(const("Rose"))),
    case("a phantom over Bool", [PHANTOM], "accepted", reflexive(app("Ph", const("Bool.true"), NAT))),
    case(
        "a universe-polymorphic box",
        [
            group(
                inductive(
                    "Box", pi(Sort(U), to=Sort(Succ(U))), mk=pi(Sort(U), Bound(0), to=app(const("Box", U), Bound(1)))
                ),
                parameters=1,
                levels=("u",),
            )
        ],
        "accepted",
        reflexive(app(const("Box", ONE), NAT), Succ(ONE)),
    ),
    case(
        "a computation by a derived recursor",
        [
            ENUM,
            definition(
                "pick",
                pi(const("E"), to=NAT),
                fun(const("E"), to=app(const("E.rec", ONE), fun(const("E"), to=NAT), number(1), number(2), Bound(0))),
            ),
        ],
        "accepted",
        (equal(app("pick", const("E.b")), number(2)), refl(number(2))),
    ),
    case(
        "an unused lemma by sorry",
        [theorem(FALSE, app(const("sorryAx", Zero()), FALSE, const("Bool.false")), name="bad")],
        "accepted",
    ),
    # kernels
    case(
        "lean4#14576: an ill-typed nested parameter",
        [
            PHANTOM,
            group(inductive("T", TYPE, mk=pi(app("Ph", const("Nat.zero"), const("T")), to=const("T"))), nested=1),
        ],
        "refused: kernel: appTypeMismatch in the types of",
        reflexive(const("T")),
    ),
    case(
        "lean4#14576 with another ill-typed parameter",
        [
            PHANTOM,
            group(inductive("T", TYPE, mk=pi(app("Ph", const("Bool.true"), number(1)), to=const("T"))), nested=0),
        ],
        "refused: kernel: appTypeMismatch",
        reflexive(const("T")),
    ),
    case("a negative occurrence", [group(BAD)], "refused: kernel", reflexive(const("Bad"))),
    case(
        "a nested negative occurrence",
        [group(inductive("N", TYPE, mk=NESTED_BAD), nested=1)],
        "refused: kernel",
        reflexive(const("N")),
    ),
    case(
        "a type in its own index",
        [group(inductive("I", pi(TYPE, to=TYPE), mk=app("I", app("I", NAT))))],
        "refused: kernel",
    ),
    case(
        "a universe too small",
        [group(inductive("Small", TYPE, mk=pi(TYPE, to=const("Small"))))],
        "refused: kernel",
        reflexive(const("Small")),
    ),
    case(
        "a constructor of a foreign type",
        [group(inductive("E", TYPE, a=const("Nat")))],
        "refused: kernel",
        reflexive(const("E")),
    ),
    case(
        "more parameters than the type has",
        [group(inductive("E", TYPE, a=const("E")), parameters=1)],
        "refused: kernel",
        reflexive(const("E")),
    ),
    case("a type that is no type", [group(inductive("E", NAT, a=const("E")))], "refused: kernel"),
    case(
        "large elimination of a proposition with two proofs",
        [OR_LIKE, TELL],
        "refused: kernel",
        (equal(app("tell", const("P2.a")), const("Bool.true"), BOOL), refl(const("Bool.true"), BOOL)),
    ),
    case(
        "a lemma with a wrong proof",
        [theorem(FALSE, const("True.intro"), name="bad")],
        "refused: kernel",
        (FALSE, const("bad")),
    ),
    case("a definition of another type", [definition("n", NAT, const("Bool.true"))], "refused: kernel"),
    case(
        "a recursor that the kernel does not derive: a nesting that is none",
        [
            group(inductive("E", TYPE, a=const("E")), nested=1),
            definition("d", NAT, app(fun(TYPE, to=number(1)), const("E.rec_1"))),
        ],
        "refused: kernel",
    ),
    case(
        "compiled code in the kernel",
        [
            theorem(
                equal(app("Lean.reduceBool", const("Bool.true")), const("Bool.true"), BOOL),
                refl(const("Bool.true"), BOOL),
                name="run",
            )
        ],
        "axioms",
        (equal(app("Lean.reduceBool", const("Bool.true")), const("Bool.true"), BOOL), const("run")),
    ),
    # names
    case("a name of the library", [FAKE_GCD], "refused: header: it declares Nat.gcd", LYING_GCD),
    case(
        "a type named as one of the library",
        [group(inductive("Nat", TYPE, zero=const("Nat")))],
        "refused: header: it declares Nat,",
    ),
    case(
        "a recursor that has a library constant's name",
        [group(inductive("Nat.E", TYPE, a=const("Nat.E"))), definition("Nat.rec", NAT, number(1))],
        "refused: header: it declares Nat.rec",
    ),
    case(
        "our own name",
        [definition("flywheel.header.0", NAT, number(1))],
        "refused: header: it declares flywheel.header.0",
    ),
    case("our own name in guillemets", [definition("«flywheel».target", NAT, number(1))], "refused: header"),
    case(
        "the same name twice",
        [definition("a", NAT, number(1)), definition("a", NAT, number(2))],
        "refused: header: line",
    ),
    case(
        "a constructor named as the recursor",
        [group(InductiveType("E", TYPE, (Constructor("E.rec", const("E")),)))],
        "refused: header: line",
    ),
    case("a definition in the recursor's place", [definition("E.rec", NAT, number(1)), ENUM], "refused: header: line"),
    case(
        "two constructors of one name",
        [group(InductiveType("E", TYPE, (Constructor("E.a", const("E")),) * 2))],
        "refused: header: line",
    ),
    case(
        "a type and its constructor of one name",
        [group(InductiveType("E", TYPE, (Constructor("E", const("E")),)))],
        "refused: header: line",
    ),
    # order
    case(
        "a definition by itself",
        [definition("bad", FALSE, const("bad"))],
        "refused: header: bad mentions bad",
        (FALSE, const("bad")),
    ),
    case("two definitions by each other", CYCLE, "refused: header: a mentions b"),
    case(
        "an unused definition that mentions a later one",
        [definition("a", NAT, const("b")), definition("b", NAT, number(1))],
        "refused: header: a mentions b",
    ),
    case(
        "a constructor that mentions a later type",
        [group(inductive("E", TYPE, a=pi(const("F"), to=const("E")))), group(inductive("F", TYPE))],
        "refused: header: E mentions F",
    ),
    case(
        "a type that mentions its own recursor",
        [group(inductive("E", TYPE, a=pi(app("E.rec", number(1)), to=const("E"))))],
        "refused: header: E mentions E.rec",
    ),
    case(
        "a constant that is nowhere",
        [definition("a", NAT, const("nowhere"))],
        "refused: header: a uses nowhere, which its imports do not have",
    ),
    # axioms
    case(
        "sorry in what the statement rests on",
        [definition("f", NAT, app(const("sorryAx", ONE), NAT, const("Bool.false")))],
        "axioms",
        (equal(const("f"), const("f")), refl(const("f"))),
    ),
    case(
        "sorry in a lemma that the proof uses",
        [theorem(FALSE, app(const("sorryAx", Zero()), FALSE, const("Bool.false")), name="bad")],
        "axioms",
        (FALSE, const("bad")),
    ),
    case(
        "an opaque False by sorry",
        [ExportedDeclaration(Kind.OPAQUE, "bad", (), FALSE, app(const("sorryAx", Zero()), FALSE, const("Bool.false")))],
        "axioms",
        (FALSE, const("bad")),
    ),
    # the proof against its header
    case(
        "a proof that declares a header's constant anew",
        [definition("one", NAT, number(1))],
        "constants",
        (equal(const("one"), number(2)), refl(number(2))),
        [definition("one", NAT, number(2))],
    ),
    case(
        "a proof that declares a header's constructor anew",
        [ENUM],
        "constants",
        (equal(const("E.a"), const("E.b"), const("E")), refl(const("E.a"), const("E"))),
        [definition("E.b", const("E"), const("E.a"))],
    ),
    case(
        "a false statement about an honest header",
        [ENUM],
        "kernel",
        (equal(const("E.a"), const("E.b"), const("E")), refl(const("E.a"), const("E"))),
    ),
    # the format
    case("an axiom record", damaged(with_axiom, ENUM), "refused: header: line"),
    case("recursors that come with it", in_group(lambda g: g.update(recs=[{}])), "refused: header: line"),
    case("no types", in_group(lambda g: g.update(types=[], ctors=[])), "refused: header: line"),
    case("an unsafe type", of("types", isUnsafe=True), "refused: header: line"),
    case("an unsafe constructor", of("ctors", isUnsafe=True), "refused: header: line"),
    case("a constructor out of its place", of("ctors", cidx=1), "refused: header: line"),
    case("a constructor of another type", of("ctors", induct=2), "refused: header: line"),
    case("a constructor with other parameters", of("ctors", numParams=1), "refused: header: line"),
    case("a constructor with a universe of its own", of("ctors", levelParams=[1]), "refused: header: line"),
    case(
        "constructors left over",
        in_group(lambda g: g["types"][0].update(ctors=g["types"][0]["ctors"][:1])),
        "refused: header: line",
    ),
    case("a constructor missing", in_group(lambda g: g["ctors"].pop()), "refused: header: line"),
    case("a group that names others", of("types", all=[]), "refused: header: line"),
    case("a key too many", of("types", extra=1), "refused: header: line"),
    case("a count that is true", of("types", numParams=True), "refused: header: line"),
    case("a nesting beyond all bounds", of("types", numNested=1 << 20), "refused: header: line"),
    case(
        "a repeated universe",
        in_group(lambda g: [each.update(levelParams=[1, 1]) for each in g["types"]]),
        "refused: header: line",
    ),
    case(
        "an open term in a constructor", [group(inductive("E", TYPE, a=pi(NAT, to=Bound(1))))], "refused: header: line"
    ),
    case(
        "an undeclared universe",
        [group(inductive("E", TYPE, a=pi(Sort(Param("v")), to=const("E"))))],
        "refused: header: line",
    ),
    case(
        "constructors beyond the limit",
        [group(inductive("E", TYPE, **{f"c{i}": const("E") for i in range(600)}))],
        "refused: header: line",
    ),
    case(
        "two types with other universes",
        in_group(lambda g: g["types"][1].update(levelParams=[1]), group(inductive("A", TYPE), inductive("B", TYPE))),
        "refused: header: line",
    ),
    case("cut off", write_declarations([ENUM])[:-5], "refused: header: the last line has no end"),
]
