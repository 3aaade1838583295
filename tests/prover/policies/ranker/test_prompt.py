"""Prompts: local names do not matter, every pointer has its place, long goals keep both ends."""

import pytest
from small_library import LESS, LISTS, MAP_APPEND, action_space

from lean_env.theorem import Environment, Header
from prover.policies.ranker.prompt import GOAL_TOKENS, MARKS, PromptEncoder, readable
from prover.policies.ranker.tokenizer import OUTPUT, train_tokenizer

SPACE = action_space()


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer([readable(SPACE.look(LISTS, state)) for state in (MAP_APPEND, LESS)], 400)


def test_renaming_locals_changes_nothing(tokenizer):
    encoder = PromptEncoder(tokenizer)
    renamed = MAP_APPEND.replace("xs", "foo").replace("ys", "bar_1").replace("h :", "hyp :").replace("f ", "g ")
    assert encoder.encode(SPACE.look(LISTS, renamed)) == encoder.encode(SPACE.look(LISTS, MAP_APPEND))


def test_each_pointer_stands_at_its_marker_and_is_marked(tokenizer):
    situation = SPACE.look(LISTS, MAP_APPEND)
    prompt = PromptEncoder(tokenizer).encode(situation)
    assert len(prompt.tokens) == len(prompt.marks)
    assert len(prompt.pointers) == len(situation.pointers) == len(set(prompt.pointers))
    assert prompt.tokens[0] == tokenizer.token_to_id(OUTPUT)
    for pointer, position in zip(situation.pointers, prompt.pointers, strict=True):
        assert tokenizer.id_to_token(prompt.tokens[position]) == pointer.marker
    marked = {pointer.name: prompt.marks[at] for pointer, at in zip(situation.pointers, prompt.pointers, strict=True)}
    assert MARKS[marked["xs"][0]] == "local-data"
    assert MARKS[marked["h"][0]] == "local-proof"
    assert MARKS[marked["xs"][1]] == "in-conclusion"
    assert MARKS[marked["List.map_append"][0]] == "premise-equation"
    assert MARKS[marked["List.map_append"][2]] == "score-3"


def test_a_long_goal_keeps_both_ends(tokenizer):
    goal = "⊢ List.length as + " + " + ".join(["1"] * 300) + " ≤ List.map"
    prompt = PromptEncoder(tokenizer).encode(SPACE.look(LISTS, goal))
    tokens = [tokenizer.id_to_token(token) for token in prompt.tokens[2 : 2 + GOAL_TOKENS]]
    assert "".join(tokens).startswith("Listlength")
    assert "".join(tokens).endswith("Listmap")


def test_the_tokenizer_does_not_depend_on_order_or_run():
    sample = [readable(SPACE.look(LISTS, state)) for state in (MAP_APPEND, LESS)]
    first, second = train_tokenizer(sample, 300), train_tokenizer([*reversed(sample), *sample], 300)
    assert first.to_str() == second.to_str()


def test_it_names_the_definitions_of_a_header_that_a_goal_mentions(tokenizer):
    text = "def flip (xs : List Nat) : List Nat := xs.reverse\ndef other : Nat := 0\n"
    state = "xs : List Nat\n⊢ flip (flip xs) = xs"
    own, plain = (SPACE.look(Environment(LISTS.imports, header), state) for header in (Header(text), None))
    assert own.definitions[0] == "flip" and "other" not in own.definitions and "flip" not in plain.definitions
    prompt = PromptEncoder(tokenizer).encode(own)
    place = next(at for pointer, at in zip(own.pointers, prompt.pointers, strict=True) if pointer.name == "flip")
    assert MARKS[prompt.marks[place][0]] == "definition"
    written = tokenizer.encode("flip").ids
    assert list(prompt.tokens[place + 1 : place + 1 + len(written)]) == written
