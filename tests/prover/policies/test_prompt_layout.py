"""What a language model is shown: the header in front, bounded, and nothing that a state could fill in itself."""

from __future__ import annotations

from prover.policies.prompt import DEFAULT_PROMPT, MAX_HEADER, layout_in_words, prompt_of

BARE = "-- Lean 4 tactic state\n⊢ f 0 = 1\n-- next tactic\n"


def test_the_header_stands_in_front_and_its_absence_changes_nothing():
    assert prompt_of(DEFAULT_PROMPT, "⊢ f 0 = 1", "t") == BARE
    assert prompt_of(DEFAULT_PROMPT, "⊢ f 0 = 1", "t", " \n\n") == BARE
    assert prompt_of(DEFAULT_PROMPT, "⊢ f 0 = 1", "t", "\ndef f := 1\n\n") == f"def f := 1\n{BARE}"


def test_what_is_filled_in_is_not_filled_in_again():
    assert prompt_of("{name}|{state}|{header}", "{name}", "{header}", "{state}") == "{header}|{name}|{state}\n"
    assert prompt_of("{state}:::", "⊢ a", "t", "def f := 1") == "⊢ a:::"


def test_a_long_header_keeps_its_last_whole_lines():
    lines = [f"def number_{i} := {i}" for i in range(400)]
    shown, _, rest = prompt_of("{header}|", "", "t", "\n".join(lines)).partition("\n")
    kept = rest.removesuffix("\n|").split("\n")
    assert kept == lines[-len(kept) :] and shown == f"-- (lines left out above: {400 - len(kept)})"
    assert MAX_HEADER - len(lines[0]) - 10 < len("\n".join(kept)) <= MAX_HEADER


def test_a_cut_at_a_line_s_end_loses_no_line_and_one_long_line_is_cut():
    last = "x" * MAX_HEADER
    assert prompt_of("{header}", "", "t", f"def lost := 1\n{last}") == f"-- (lines left out above: 1)\n{last}\n"
    assert prompt_of("{header}", "", "t", f"y{last}") == f"{last}\n"
    assert prompt_of("{header}", "", "t", last) == f"{last}\n"


def test_the_card_s_words_say_whether_the_header_is_there():
    assert "2,000 characters" in layout_in_words(DEFAULT_PROMPT)
    assert "is not in its prompt" in layout_in_words("{state}:::")
