"""A proof's text stays inside its code block."""

from training.experiments.markdown import lean_block


def test_a_fence_in_the_text_does_not_end_the_block():
    first, *inside, last = lean_block('theorem t : "\n```\n# loud" = "x" := by\n  rfl\n')
    assert (first, last) == ("````lean", "````")
    assert "\n".join(inside).splitlines()[1] == "```"


def test_a_plain_text_has_the_usual_fence():
    assert lean_block("theorem t : True := trivial\n") == ["```lean", "theorem t : True := trivial", "```"]
