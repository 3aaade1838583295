"""The strict reader of exported terms, against everything a worker might write instead of one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lean_env.library.comparison import same_expression
from lean_env.library.expression import (
    Apply,
    Bound,
    Constant,
    Expression,
    ForAll,
    IMax,
    Lambda,
    Let,
    Level,
    Literal,
    Max,
    Metadata,
    Param,
    Projection,
    Sort,
    Succ,
    Zero,
    children,
    expression_hash,
)
from lean_env.library.names import child_name
from lean_env.library.ndjson import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_LEVEL_DEPTH,
    MAX_NAME_LENGTH,
    MAX_VARIABLE,
    ExportedDeclaration,
    NdjsonError,
    read_declarations,
    read_expression,
)
from lean_env.library.ndjson_writer import name_components, write_declarations, write_expression
from lean_env.library.olean import Kind

META = {
    "meta": {
        "exporter": {"name": "by hand", "version": "0"},
        "lean": {"githash": "", "version": "4.28.0-pre"},
        "format": {"version": "3.1.0"},
    }
}

#: `theorem flywheel.target.{u} : (p : Prop) → p → p := fun p h => h`, one line each so that a test can damage it.
IDENTITY: list[dict[str, Any]] = [
    META,
    {"in": 1, "str": {"pre": 0, "str": "flywheel"}},
    {"in": 2, "str": {"pre": 1, "str": "target"}},
    {"in": 3, "str": {"pre": 0, "str": "p"}},
    {"in": 4, "str": {"pre": 0, "str": "u"}},
    {"il": 1, "param": 4},
    {"ie": 0, "sort": 0},
    {"ie": 1, "bvar": 0},
    {"ie": 2, "bvar": 1},
    {"ie": 3, "forallE": {"name": 3, "type": 1, "body": 2, "binderInfo": "default"}},
    {"ie": 4, "forallE": {"name": 3, "type": 0, "body": 3, "binderInfo": "default"}},
    {"ie": 5, "lam": {"name": 3, "type": 1, "body": 1, "binderInfo": "default"}},
    {"ie": 6, "lam": {"name": 3, "type": 0, "body": 5, "binderInfo": "implicit"}},
    {"thm": {"name": 2, "levelParams": [4], "type": 4, "value": 6, "all": [2]}},
]


def spell(records: list[Any]) -> str:
    return "".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records)


def with_line(index: int, record: Any) -> str:
    return spell([*IDENTITY[:index], record, *IDENTITY[index + 1 :]])


def with_extra(*records: Any) -> str:
    """Further lines before the theorem."""
    return spell([*IDENTITY[:-1], *records, IDENTITY[-1]])


def theorem(**changes: Any) -> dict[str, Any]:
    fields = {**IDENTITY[-1]["thm"], **changes}
    return {"thm": {key: value for key, value in fields.items() if value is not None}}


def definition(**changes: Any) -> dict[str, Any]:
    common = {"name": 3, "levelParams": [], "type": 4, "value": 6, "all": [3]}
    return {"def": {**common, "hints": "abbrev", "safety": "safe", **changes}}


def test_the_undamaged_file_is_read() -> None:
    (declaration,) = read_declarations(spell(IDENTITY))
    assert declaration.kind is Kind.THEOREM
    assert declaration.name == "flywheel.target"
    assert declaration.level_params == ("u",)
    expected = Lambda("p", 1, Sort(Zero()), Lambda("p", 0, Bound(0), Bound(0)))
    assert same_expression(declaration.value, ("u",), expected, ("u",))


@pytest.mark.parametrize("hints", ["opaque", "abbrev", {"regular": 7}])
def test_definitions_and_opaques_are_read(hints: Any) -> None:
    opaque = {"opaque": {"name": 4, "levelParams": [], "type": 4, "value": 6, "isUnsafe": False, "all": [4]}}
    found = read_declarations(with_extra(definition(hints=hints), opaque))
    assert [d.kind for d in found] == [Kind.DEFINITION, Kind.OPAQUE, Kind.THEOREM]
    assert found[0].hints == (hints if isinstance(hints, str) else 7)


REFUSED = {
    "empty text": "",
    "only blank lines": "\n\n",
    "no meta": spell(IDENTITY[1:]),
    "old format": with_line(0, {"meta": {**META["meta"], "format": {"version": "3.0.0"}}}),
    "format of the future": with_line(0, {"meta": {**META["meta"], "format": {"version": "4.0.0"}}}),
    "format that only begins well": with_line(0, {"meta": {**META["meta"], "format": {"version": "3.1.0\n4"}}}),
    "meta twice": with_extra(META),
    "unknown key in meta": with_line(0, {"meta": {**META["meta"], "signature": "trust me"}}),
    "last line without end": spell(IDENTITY)[:-1],
    "cut in the middle": spell(IDENTITY)[: len(spell(IDENTITY)) // 2],
    "cut after a line": spell(IDENTITY[:-1]) + '{"thm": {"name": 2',
    "empty line": with_extra(""),
    "a control character in a string": spell(IDENTITY).replace('"p"', '"\r"'),
    "no JSON": with_extra("theorem x : False"),
    "a list": with_extra("[1, 2]"),
    "a number": with_extra("7"),
    "two objects in a line": with_extra('{"ie": 7, "bvar": 0}{"ie": 8, "bvar": 0}'),
    "repeated key": with_extra('{"ie": 7, "bvar": 0, "bvar": 1}'),
    "repeated key deep inside": with_extra('{"ie": 7, "app": {"fn": 1, "arg": 1, "fn": 0}}'),
    "NaN": with_extra('{"ie": 7, "bvar": NaN}'),
    "a fraction": with_extra('{"ie": 7, "bvar": 0.0}'),
    "an exponent": with_extra('{"ie": 7, "bvar": 1e2}'),
    "a truth value as index": with_extra('{"ie": 7, "bvar": true}'),
    "a negative index": with_extra({"ie": 7, "bvar": -1}),
    "a huge index": with_extra({"ie": 7, "bvar": 10**30}),
    "an index of 5,000 digits": with_extra('{"ie": 7, "bvar": ' + "9" * 5000 + "}"),
    "null": with_extra({"ie": 7, "bvar": None}),
    "brackets as deep as the line is long": with_extra('{"ie": 7, "bvar": ' + "[" * 200_000),
    "objects as deep as the line is long": with_extra('{"a":' * 100_000 + "1" + "}" * 100_000),
    "unknown kind of expression": with_extra({"ie": 7, "fvar": 3}),
    "a metavariable": with_extra({"ie": 7, "mvar": 3}),
    "a level metavariable": with_extra({"il": 2, "mvar": 3}),
    "two kinds at once": with_extra({"ie": 7, "bvar": 0, "sort": 0}),
    "expression and level at once": with_extra({"ie": 7, "il": 2, "bvar": 0}),
    "an index and nothing else": with_extra({"ie": 7}),
    "unknown key": with_extra({"ie": 7, "app": {"fn": 1, "arg": 1, "hint": 0}}),
    "missing key": with_extra({"ie": 7, "app": {"fn": 1}}),
    "unknown binder": with_extra(
        {"ie": 7, "lam": {"name": 3, "type": 0, "body": 1, "binderInfo": "instance"}},
    ),
    "nondep that is a number": with_extra(
        {"ie": 7, "letE": {"name": 3, "type": 0, "value": 0, "body": 1, "nondep": 0}}
    ),
    "dangling expression": with_extra({"ie": 7, "app": {"fn": 1, "arg": 99}}),
    "an expression inside itself": with_extra({"ie": 7, "app": {"fn": 1, "arg": 7}}),
    "dangling name": with_extra({"ie": 7, "const": {"name": 99, "us": []}}),
    "dangling level": with_extra({"ie": 7, "sort": 99}),
    "dangling prefix": with_extra({"in": 9, "str": {"pre": 99, "str": "x"}}),
    "expression index twice": with_extra({"ie": 0, "bvar": 0}),
    "name index twice": with_extra({"in": 1, "str": {"pre": 0, "str": "x"}}),
    "level index twice": with_extra({"il": 1, "succ": 0}),
    "the anonymous name redefined": with_extra({"in": 0, "str": {"pre": 0, "str": "x"}}),
    "level zero redefined": with_extra({"il": 0, "succ": 0}),
    "an anonymous constant": with_extra({"ie": 7, "const": {"name": 0, "us": []}}),
    "an anonymous structure": with_extra({"ie": 7, "proj": {"typeName": 0, "idx": 0, "struct": 0}}),
    "levels that are no list": with_extra({"ie": 7, "const": {"name": 3, "us": {"0": 0}}}),
    "max of three": with_extra({"il": 2, "max": [0, 0, 0]}),
    "a name that is half a character": with_extra('{"in": 9, "str": {"pre": 0, "str": "\\ud800"}}'),
    "a string that is half a character": with_extra('{"ie": 7, "strVal": "\\udfff"}'),
    "a number as a JSON number": with_extra({"ie": 7, "natVal": 5}),
    "a negative number": with_extra({"ie": 7, "natVal": "-5"}),
    "a number with a leading zero": with_extra({"ie": 7, "natVal": "05"}),
    "a number in other digits": with_extra({"ie": 7, "natVal": "٣"}),
    "a number with an underscore": with_extra({"ie": 7, "natVal": "1_000"}),
    "an empty number": with_extra({"ie": 7, "natVal": ""}),
    "a number too long": with_extra({"ie": 7, "natVal": "9" * (MAX_DIGITS + 1)}),
    "a variable too large": with_extra({"ie": 7, "bvar": MAX_VARIABLE}),
    "a name too long": with_extra({"in": 9, "str": {"pre": 0, "str": "x" * (MAX_NAME_LENGTH + 1)}}),
    "metadata that is no object": with_extra({"ie": 7, "mdata": {"expr": 0, "data": []}}),
    "an axiom": with_extra({"axiom": {"name": 3, "levelParams": [], "type": 4, "isUnsafe": False}}),
    "an inductive": with_extra({"inductive": {"types": [], "ctors": [], "recs": []}}),
    "a quotient": with_extra({"quot": {"name": 3, "levelParams": [], "type": 4, "kind": "type"}}),
    "unknown declaration": with_extra({"instance": {"name": 3}}),
    "an unsafe definition": with_extra(definition(safety="unsafe")),
    "a partial definition": with_extra(definition(safety="partial")),
    "an unsafe opaque": with_extra(
        {"opaque": {"name": 3, "levelParams": [], "type": 4, "value": 6, "isUnsafe": True, "all": [3]}}
    ),
    "hints of another kind": with_extra(definition(hints="reducible")),
    "hints with a negative height": with_extra(definition(hints={"regular": -1})),
    "mutual definitions": with_extra(definition(all=[3, 4])),
    "a declaration of someone else": with_extra(definition(all=[4])),
    "a list of definitions": with_extra({"def": [definition()["def"]]}),
    "the same name twice": with_extra(definition(), definition()),
    "the target twice": with_extra(IDENTITY[-1]),
    "a universe parameter twice": spell([*IDENTITY[:-1], theorem(levelParams=[4, 4])]),
    "an anonymous universe parameter": spell([*IDENTITY[:-1], theorem(levelParams=[0])]),
    "an anonymous theorem": spell([*IDENTITY[:-1], theorem(name=0, all=[0])]),
    "an undeclared universe": spell(
        [*IDENTITY[:-1], {"ie": 7, "sort": 1}, theorem(levelParams=[], type=7)],
    ),
    "a loose variable in the type": spell([*IDENTITY[:-1], theorem(type=1)]),
    "a loose variable in the value": spell([*IDENTITY[:-1], theorem(value=5)]),
    "a theorem without value": spell([*IDENTITY[:-1], theorem(value=None)]),
    "a theorem with a safety": spell([*IDENTITY[:-1], theorem(safety="safe")]),
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_damaged_files_are_refused(text: str) -> None:
    with pytest.raises(NdjsonError):
        read_declarations(text)


def test_a_term_as_deep_as_the_limit_is_read_and_one_deeper_refused() -> None:
    def tower(height: int) -> str:
        layers = [{"ie": 7, "const": {"name": 3, "us": []}}]
        layers += [{"ie": 7 + i, "app": {"fn": 0, "arg": 6 + i}} for i in range(1, height)]
        return with_extra(*layers)

    assert len(read_declarations(tower(MAX_DEPTH))) == 1
    with pytest.raises(NdjsonError, match="deeper"):
        read_declarations(tower(MAX_DEPTH + 1))


def test_a_level_as_deep_as_the_limit_is_read_and_one_deeper_refused() -> None:
    def tower(height: int) -> str:
        return with_extra(*({"il": 2 + i, "succ": 1 + i if i else 0} for i in range(height)))

    assert len(read_declarations(tower(MAX_LEVEL_DEPTH))) == 1
    with pytest.raises(NdjsonError, match="deeper"):
        read_declarations(tower(MAX_LEVEL_DEPTH + 1))


def test_a_file_longer_than_the_limit_is_refused_unread() -> None:
    with pytest.raises(NdjsonError, match="limit"):
        read_declarations("x" * (MAX_BYTES + 1))


def test_names_that_print_alike_stay_apart() -> None:
    text = with_extra(
        {"in": 5, "str": {"pre": 0, "str": "flywheel.target"}},
        definition(name=5, all=[5]),
    )
    assert [d.name for d in read_declarations(text)] == ["«flywheel.target»", "flywheel.target"]


def test_an_expression_file_stands_for_its_last_expression() -> None:
    root = read_expression(spell(IDENTITY[:-1]))
    assert isinstance(root, Lambda) and root.binder_kind == 1


@pytest.mark.parametrize(
    "text",
    [
        spell(IDENTITY),
        spell(IDENTITY[:6]),
        spell([*IDENTITY[:-1], {"ie": 7, "bvar": 0}]),
        spell([*IDENTITY[:-1], {"ie": 7, "sort": 1}]),
    ],
    ids=["a declaration", "no expression", "a loose variable", "an undeclared universe"],
)
def test_expression_files_are_held_to_the_same_rules(text: str) -> None:
    with pytest.raises(NdjsonError):
        read_expression(text, [])


# ---- random terms, written and read back ----


def joined(components: list[str | int]) -> str:
    name = ""
    for component in components:
        name = child_name(name, component)
    return name


PARAMS = ("u", "v.1", "«a.b»")
names = st.lists(st.one_of(st.text(min_size=0, max_size=4), st.integers(0, 99)), min_size=1, max_size=3).map(joined)
levels: st.SearchStrategy[Level] = st.recursive(
    st.one_of(st.builds(Zero), st.sampled_from(PARAMS).map(Param)),
    lambda below: st.one_of(st.builds(Succ, below), st.builds(Max, below, below), st.builds(IMax, below, below)),
    max_leaves=4,
)
leaves: st.SearchStrategy[Expression] = st.one_of(
    st.builds(Bound, st.integers(0, 2)),
    st.builds(Sort, levels),
    st.builds(Constant, names, st.lists(levels, max_size=2).map(tuple)),
    st.builds(Literal, st.one_of(st.integers(0, 10**40), st.text(max_size=5))),
)
kinds = st.integers(0, 3)
open_terms: st.SearchStrategy[Expression] = st.recursive(
    leaves,
    lambda below: st.one_of(
        st.builds(Apply, below, below),
        st.builds(Lambda, names, kinds, below, below),
        st.builds(ForAll, names, kinds, below, below),
        st.builds(Let, names, below, below, below, st.booleans()),
        st.builds(Projection, names, st.integers(0, 5), below),
        st.builds(Metadata, below),
    ),
    max_leaves=12,
)
#: Closed by three binders around it.
terms = open_terms.map(
    lambda body: Lambda("x", 0, Sort(Zero()), Lambda("y", 0, Sort(Zero()), ForAll("z", 0, Sort(Zero()), body)))
)


@given(st.lists(st.one_of(st.text(max_size=5), st.text("«».0a", max_size=4), st.integers(0, 10**6)), max_size=4))
def test_names_come_apart_as_they_were_put_together(components: list[str | int]) -> None:
    assert list(name_components(joined(components))) == components


@given(terms)
def test_what_is_written_is_read_back(term: Expression) -> None:
    back = read_expression(write_expression(term), PARAMS)
    assert expression_hash(back, PARAMS) == expression_hash(term, PARAMS)
    assert same_expression(back, PARAMS, term, PARAMS)


@given(terms)
def test_a_have_stays_a_have(term: Expression) -> None:
    """Neither hash nor comparison sees it, but Lean's own comparison of a statement with the library's copy does."""
    back = read_expression(write_expression(term), PARAMS)
    written = Counter(node.nondep for node in unfolded(term) if isinstance(node, Let))
    assert Counter(node.nondep for node in unfolded(back) if isinstance(node, Let)) == written


def unfolded(root: Expression) -> Iterator[Expression]:
    """Every node once for each way to it, so that a reader's sharing does not matter."""
    yield root
    for child in children(root):
        yield from unfolded(child)


@given(terms, terms)
def test_hash_and_comparison_agree(left: Expression, right: Expression) -> None:
    same_hash = expression_hash(left, PARAMS) == expression_hash(right, PARAMS)
    assert same_expression(left, PARAMS, right, PARAMS) == same_hash


@given(terms, st.data())
def test_one_changed_character_never_reads_as_the_same_term(term: Expression, data: st.DataObject) -> None:
    """It may still be a file, but then hash and comparison see the difference, or it was a name that does not count."""
    declaration = ExportedDeclaration(Kind.THEOREM, "flywheel.target", PARAMS, term, term)
    text = write_declarations([declaration])
    position = data.draw(st.integers(0, len(text) - 1))
    changed = text[:position] + data.draw(st.sampled_from('0127,{}"x\n')) + text[position + 1 :]
    try:
        found = read_declarations(changed)
    except NdjsonError:
        return
    for back in found:
        same_hash = expression_hash(back.value, back.level_params) == expression_hash(term, PARAMS)
        assert same_expression(back.value, back.level_params, term, PARAMS) == same_hash
