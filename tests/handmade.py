"""Small proof terms written by hand, for tests of the gate that elaborate nothing."""

from __future__ import annotations

from lean_env.gate.proof_term import TARGET
from lean_env.gate.statement import CleanStatement
from lean_env.library.expression import (
    Apply,
    Bound,
    Constant,
    Expression,
    ForAll,
    Lambda,
    Level,
    Literal,
    Param,
    Sort,
    Succ,
    Zero,
)
from lean_env.library.inductive import Constructor, InductiveGroup, InductiveType
from lean_env.library.ndjson import ExportedDeclaration
from lean_env.library.ndjson_writer import write_declarations, write_expression
from lean_env.library.olean import Kind
from lean_env.theorem import Environment, Theorem

INIT = Environment(("Init",))
PROP = Sort(Zero())
NAT = Constant("Nat", ())
ONE = Succ(Zero())
FALSE = Constant("False", ())


def const(name: str, *levels: Level) -> Constant:
    return Constant(name, levels)


def app(function: Expression | str, *arguments: Expression) -> Expression:
    node: Expression = const(function) if isinstance(function, str) else function
    for argument in arguments:
        node = Apply(node, argument)
    return node


def pi(*domains: Expression, to: Expression) -> Expression:
    for domain in reversed(domains):
        to = ForAll("x", 0, domain, to)
    return to


def fun(*domains: Expression, to: Expression) -> Expression:
    for domain in reversed(domains):
        to = Lambda("x", 0, domain, to)
    return to


def number(value: int) -> Literal:
    return Literal(value)


def equal(left: Expression, right: Expression, type_: Expression = NAT, level: Level = ONE) -> Expression:
    return app(const("Eq", level), type_, left, right)


def refl(value: Expression, type_: Expression = NAT, level: Level = ONE) -> Expression:
    return app(const("Eq.refl", level), type_, value)


def by_refl(statement: Expression) -> Expression:
    """The proof `fun … => Eq.refl rhs` of a statement `∀ …, lhs = rhs`."""
    if isinstance(statement, ForAll):
        return Lambda("x", 0, statement.domain, by_refl(statement.body))
    assert isinstance(statement, Apply)
    right = statement.argument
    assert isinstance(statement.function, Apply) and isinstance(statement.function.function, Apply)
    type_, eq = statement.function.function.argument, statement.function.function.function
    assert isinstance(eq, Constant)
    return refl(right, type_, eq.levels[0])


def text_theorem(environment: Environment = INIT, name: str = "by_hand") -> Theorem:
    """A text theorem whose text does not matter, because its CleanStatement is given."""
    return Theorem(name, "", environment)


def stated(type_: Expression, *levels: str) -> CleanStatement:
    return CleanStatement(write_expression(type_), levels)


def theorem(type_: Expression, value: Expression, *levels: str, name: str = TARGET) -> ExportedDeclaration:
    return ExportedDeclaration(Kind.THEOREM, name, levels, type_, value)


def definition(name: str, type_: Expression, value: Expression, *levels: str) -> ExportedDeclaration:
    return ExportedDeclaration(Kind.DEFINITION, name, levels, type_, value, hints="abbrev")


def export(*declarations: ExportedDeclaration) -> str:
    return write_declarations(declarations)


#: `∀ p : Prop, p → p` and its proof.
IDENTITY = pi(PROP, Bound(0), to=Bound(1))
IDENTITY_PROOF = fun(PROP, Bound(0), to=Bound(0))
#: `∀ a b : Nat, Nat.add a b = Nat.add b a`
ADD_COMM = pi(NAT, NAT, to=equal(app("Nat.add", Bound(1), Bound(0)), app("Nat.add", Bound(0), Bound(1))))
#: `∀ {α : Sort u} (a : α), a = a` and its proof.
U = Param("u")
REFLEXIVITY = pi(Sort(U), Bound(0), to=equal(Bound(0), Bound(0), Bound(1), U))
REFLEXIVITY_PROOF = fun(Sort(U), Bound(0), to=refl(Bound(0), Bound(1), U))
#: `1 = 2`
LIE = equal(number(1), number(2))


def enumeration(name: str, constructors: int) -> InductiveGroup:
    """`inductive name | c0 | c1 | …`"""
    made = tuple(Constructor(f"{name}.c{i}", const(name)) for i in range(constructors))
    return InductiveGroup((), 0, (InductiveType(name, Sort(ONE), made),))


def polymorphic_tree(name: str) -> InductiveGroup:
    """`inductive name (α : Type u) | node (children : List (name α)) (label : α)`"""
    level = Param("u")
    me = app(const(name, level), Bound(0))
    children = app(const("List", level), me)
    node = pi(Sort(Succ(level)), children, Bound(1), to=app(const(name, level), Bound(2)))
    type_ = pi(Sort(Succ(level)), to=Sort(Succ(level)))
    return InductiveGroup(("u",), 1, (InductiveType(name, type_, (Constructor(f"{name}.node", node),)),), nested=1)


def beside(declaration: ExportedDeclaration, *above: ExportedDeclaration) -> str:
    """`above`, `declaration`, and an honest proof of IDENTITY that uses it: nothing else can be at fault.

    The proof goes through an auxiliary `user : p → p` with the declaration's universes, in which it is an argument.
    """
    params = declaration.level_params
    it = const(declaration.name, *map(Param, params))
    user = theorem(IDENTITY, app(fun(declaration.type, to=IDENTITY_PROOF), it), *params, name="user")
    target = theorem(IDENTITY, const("user", *(Zero() for _ in params)))
    return export(*above, declaration, user, target)


#: A small family of auxiliaries, and a proof that needs the first two.
TWO = definition("helper.two", NAT, number(2))
SAME = theorem(equal(const("helper.two"), number(2)), refl(number(2)), name="helper.same")
USES_BOTH = theorem(
    equal(number(2), number(2)), app(const("id", Zero()), equal(const("helper.two"), number(2)), const("helper.same"))
)
SPARE = theorem(IDENTITY, IDENTITY_PROOF, name="helper.spare")
TWO_IS_TWO = stated(equal(number(2), number(2)))

#: Statement, export and universes of honest proofs.
HONEST = {
    "identity": (IDENTITY, export(theorem(IDENTITY, IDENTITY_PROOF)), ()),
    "reflexivity": (REFLEXIVITY, export(theorem(REFLEXIVITY, REFLEXIVITY_PROOF, "u")), ("u",)),
    "auxiliaries": (equal(number(2), number(2)), export(TWO, SAME, USES_BOTH), ()),
    "citation": (
        ADD_COMM,
        export(theorem(ADD_COMM, const("Nat.add_comm"))),
        (),
    ),
}
