"""The parts of the pages that are plain functions: goals, trees, curves, lists."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from samples import attempt, by_hand, fill, proof, search_tree, start_round, theorem, under_header
from sqlalchemy import update

from corpus import schema, tallies
from corpus.columns import now
from corpus.counting import new_counts
from corpus.curves import Rate, growth, solve_curves, solve_curves_of
from corpus.errors import NotFound
from corpus.live import rounds_in_progress
from corpus.pages.charts import growth_chart, solve_chart
from corpus.pages.generations import generations
from corpus.pages.goals import Piece, shown
from corpus.pages.lineage import lineage
from corpus.pages.tree import graph, walk
from corpus.pages.words import certificate, flat, seconds, size, standalone
from corpus.query import stats, totals
from corpus.records import AttemptStatus, RoundKind, SearchTree, TreeState, TreeStep
from corpus.theorem_list import Order, Standing, TheoremFilter, facets, list_theorems


def test_a_state_is_taken_apart():
    state = "case inl\nα β : Type\nx y : Nat\nh : x =\n    y\n⊢ x + 0 =\n  y\n\ncase inr\n⊢ True"
    left, right = shown(state)
    assert (left.case, [h.names for h in left.hypotheses]) == ("inl", ["α β", "x y", "h"])
    assert left.hypotheses[2].pieces == (Piece("x =\n    y"),)
    assert left.target == (Piece("x + 0 =\n  y"),) and right.case == "inr" and right.hypotheses == ()
    assert shown("no goals") == ()


def test_what_a_tactic_changed_is_marked_and_the_rest_is_not():
    before = "p q : Prop\nh : p ∧ q\n⊢ q ∧ p\n\n⊢ True"
    after = "p q : Prop\nleft : p\nright : q\n⊢ q ∧ p\n\n⊢ True"
    first, second = shown(after, before)
    assert [(h.names, h.new) for h in first.hypotheses] == [("p q", False), ("left", True), ("right", True)]
    assert first.gone == ("h : p ∧ q",) and first.target == (Piece("q ∧ p"),)
    assert first.new and not second.new and second.target == (Piece("True"),)
    (only,) = shown("x : Nat\n⊢ x + 1 = 1 + x", "x : Nat\n⊢ x + 0 = 1 + x")
    assert only.target == (Piece("x + "), Piece("1", new=True), Piece(" = 1 + x"))


def test_the_text_of_a_state_is_lost_nowhere():
    before, after = "a : A\n⊢ f (g a) → B", "a : A\nx : f (g a)\n⊢ g a ∨ B"
    (goal,) = shown(after, before)
    assert "".join(piece.text for piece in goal.target) == "g a ∨ B"


def chain(length: int) -> SearchTree:
    states = tuple(TreeState(f"⊢ {n}", 1, n) for n in range(length))
    steps = tuple(TreeStep(n, n, n + 1, "next", "next", -1.0, "advanced", "", True, 1.0, 1) for n in range(length - 1))
    return SearchTree("policy", "exhausted", states, steps)


def test_a_tree_of_any_depth_is_walked_and_each_state_opens_and_closes_once():
    items = list(walk(chain(5000), 5000))
    opened = [item.branch.number for item in items if item.kind == "open"]
    assert opened == list(range(5000)) and len(items) == 10_000
    assert [item.branch.number for item in items if item.kind == "close"] == opened[::-1]
    assert items[0].branch.below == 4999 and items[0].branch.share == 1.0
    assert len(list(walk(chain(5000), 100))) == 200


def test_the_solved_path_is_open_and_dead_ends_are_told_apart():
    tree = search_tree(theorem("t"))
    root, intro = (item.branch for item in walk(tree, 10) if item.kind == "open")
    assert root.solved and intro.solved and root.open and intro.open
    assert [step.tactic for step in intro.dead] == ["skip", "omega", "rfl"] and root.below == 4
    assert intro.made_by is not None and intro.made_by.prior == 1.0
    drawn = graph(tree)
    assert {node["id"] for node in drawn["nodes"]} == {"0", "1", "proved"}
    assert [edge["merged"] for edge in drawn["edges"]] == [False, True, False]


def test_the_interval_is_wilsons():
    """10 of 40, by the formula's textbook values; and the ends, where a normal interval would have no width."""
    rate = Rate(10, 40)
    assert (rate.low, rate.high) == (pytest.approx(0.1419, abs=1e-4), pytest.approx(0.4019, abs=1e-4))
    assert Rate(0, 20).low == 0.0 and Rate(0, 20).high == pytest.approx(0.1611, abs=1e-4)
    assert Rate(20, 20).high == pytest.approx(1.0) and Rate(0, 0).low == 0.0


def evaluated(corpus, splits):
    """Two generations on four theorems, of which M_0 proves one and M_1 two; a baseline proves three."""
    theorems = splits["valid"]
    for number, arm in ((None, "grammar"), (0, "M_0"), (1, "M_1")):
        generation = None
        if number is not None:
            generation = corpus.start_generation(
                run="run", number=number, parent=None, recipe="r", config={}, config_hash="0" * 64, seeds={},
                versions={}, snapshot_hash=None,
            )  # fmt: skip
            corpus.finish_generation(generation, model_path="m", model_hash="0" * 64, metrics={})
        round = start_round(corpus, theorems, RoundKind.EVAL, arm=arm, generation_id=generation)
        solved = {None: 3, 0: 1, 1: 2}[number]
        for place, one in enumerate(theorems):
            corpus.record_attempt(round, attempt(one, proof=proof(one) if place < solved else None))
    return theorems


def test_curves_have_the_models_the_frozen_one_and_the_baselines(corpus):
    evaluated(corpus, fill(corpus, valid=4))
    (curve,) = solve_curves(corpus, "run")
    assert [(p.number, p.rate) for p in curve.points] == [(0, Rate(1, 4)), (1, Rate(2, 4))]
    assert curve.frozen == Rate(1, 4) and curve.baselines == (("grammar", Rate(3, 4)),)
    chart = solve_chart([curve])
    assert [line.name for line in chart.lines] == ["M_1", "M_0, frozen", "grammar"]
    assert chart.lines[0].note.startswith("50.0 % (2 of 4;") and "grammar: 75.0 %" in chart.label
    assert [dot.href for dot in chart.lines[0].dots] == [f"/generations/{p.generation_id}" for p in curve.points]
    with pytest.raises(NotFound):
        solve_curves(corpus, "nix")


@pytest.mark.parametrize("page", [generations, lineage])
def test_what_is_new_is_counted_once_for_all_runs(corpus, monkeypatch, page):
    """At a million proofs a count of a few thousand new ones takes a tenth of a second."""
    theorems = fill(corpus, valid=4)
    evaluated(corpus, theorems)
    for run in ("second", "third"):
        corpus.start_run(run, {})
        round = start_round(corpus, theorems["train"], run=run)
        corpus.record_attempt(round, attempt(theorems["train"][0]))
        tried = start_round(corpus, theorems["valid"], RoundKind.EVAL, run=run, arm="grammar")
        corpus.record_attempt(tried, attempt(theorems["valid"][0]))
    counted = []
    monkeypatch.setattr(tallies, "new_counts", lambda *asked: counted.append(asked) or new_counts(*asked))
    body = bytes(page(corpus).body).decode()
    assert len(counted) == 1 and all(run in body for run in ("second", "third"))
    curves = solve_curves_of(corpus, ["third", "run"])
    assert curves == {run: solve_curves(corpus, run) for run in ("third", "run")}
    assert [len(curves[run]) for run in ("third", "run")] == [1, 1] and curves["third"] != curves["run"]


def test_a_retracted_proof_solves_nothing(corpus):
    splits = fill(corpus, valid=4)
    evaluated(corpus, splits)
    found = list_theorems(corpus, TheoremFilter(split="valid", standing=Standing.PROVED))
    assert found.total == 3
    corpus.retract(1, "a kernel bug")
    (curve,) = solve_curves(corpus, "run")
    assert [p.rate.solved for p in curve.points] == [0, 1]
    assert list_theorems(corpus, TheoremFilter(split="valid", standing=Standing.PROVED)).total == 2
    assert totals(corpus).proofs == stats(corpus).proofs == 2


def test_growth_ends_at_what_is_stored(corpus):
    assert growth(corpus) == [] and growth_chart([]) is None
    theorems = fill(corpus, train=9)["train"]
    round = start_round(corpus, theorems)
    for one in theorems:
        corpus.record_attempt(round, attempt(one, proof=proof(one)))
    points = growth(corpus)
    assert [point.proofs for point in points] == list(range(1, 10))
    assert growth_chart(points).lines[0].note == "9"


def test_theorems_are_filtered_sorted_and_paged(corpus):
    splits = fill(corpus)
    a, b, c, d = splits["train"]
    round = start_round(corpus, [a, b, c])
    corpus.record_attempt(round, attempt(c, proof=proof(c)))
    corpus.record_attempt(round, attempt(a, proof=proof(a)))
    corpus.record_attempt(round, attempt(b))

    def names(order=Order.BENCHMARK, limit=50, offset=0, **filter):
        page = list_theorems(corpus, TheoremFilter(**filter), order=order, limit=limit, offset=offset)
        return [line.name for line in page.theorems]

    assert names(standing=Standing.PROVED, order=Order.NEWEST) == [a.name, c.name]
    assert names(standing=Standing.TRIED) == [b.name]
    assert names(standing=Standing.UNTRIED, split="train") == [d.name]
    assert names(split="train", limit=2, offset=1) == [b.name, c.name]
    assert names(text="TRAIN_3") == [d.name] and names(text="b a") == names() and names(text="%") == []
    assert names(benchmark="core@1", stratum="easy") == []
    line = list_theorems(corpus, TheoremFilter(text=a.name)).theorems[0]
    assert (line.proofs, line.attempts, line.shortest, line.benchmark) == (1, 1, 2, "core@1")
    assert facets(corpus)["split"] == ("train", "valid", "test")
    with pytest.raises(NotFound):
        names(benchmark="nix")


def test_words():
    assert [size(count) for count in (6, 512, 2_400_000)] == ["6 B", "0.5 kB", "2.4 MB"]
    assert (seconds(0.314), seconds(42.4), seconds(240), seconds(7200)) == ("0.31 s", "42 s", "4.0 min", "2.0 h")
    assert flat({"a": 1, "round": {"steps": 2, "deep": {"x": []}}}) == {"a": 1, "round.steps": 2, "round.deep.x": []}
    text = "set_option x true in\ntheorem Nat.foo (n : Nat) : n = n := by\n  rfl\n"
    assert standalone(text, theorem("Nat.foo")) == text.replace("theorem Nat.foo ", "example ")
    numbered = text.replace("Nat.foo", "logic.p.«000066»")
    assert standalone(numbered, theorem("logic.p.000066")) == text.replace("theorem Nat.foo ", "example ")
    own = under_header("Nat.foo")
    assert own.header is not None and standalone(text, own) == (
        "import Std\n\n" + own.header.text + "\n" + text.replace("theorem Nat.foo ", "example ")
    )
    record = proof(theorem("t")).certificate
    assert certificate(record, theorem("t"))[:2] == [
        "The proof term's type is the stored statement.",
        "It rests on the axioms propext.",
    ]
    other = replace(record, statement_hash="0" * 64, axioms=())
    assert "do not trust" in certificate(other, theorem("t"))[0]
    assert "It uses no axioms." in certificate(other, theorem("t"))
    assert AttemptStatus.PROVED == "proved"


def test_cores_busy_are_the_processor_seconds_of_the_last_minute_over_its_seconds(corpus):
    """A round of 40 seconds: an attempt that says its processor time, one that has its wall time alone, and one that
    ended before the minute. 60 + 20 of 40 seconds are two cores."""
    theorems = fill(corpus)["train"]
    round = start_round(corpus, theorems)
    told = replace(attempt(theorems[0]), steps=300, wall_seconds=99.0, stats={"cpu_seconds": 60.0})
    untold = replace(attempt(theorems[1]), steps=100, wall_seconds=20.0, stats={})
    old = replace(attempt(theorems[2]), steps=9_999, wall_seconds=9_999.0)
    for one in (told, untold, old):
        corpus.record_attempt(round, one)
    with by_hand(corpus) as connection:
        table = schema.Attempt
        connection.execute(update(schema.Round).values(started_at=now() - timedelta(seconds=40)))
        connection.execute(update(table).where(table.steps == 9_999).values(created_at=now() - timedelta(seconds=61)))
    (progress,) = rounds_in_progress(corpus)
    assert progress.moving and (progress.done, progress.selected) == (3, 4)
    # Up to five seconds more have gone by.
    assert 80 / 45 < progress.cores_busy <= 2.0 and 400 / 45 < progress.steps_per_second <= 10.0
    with by_hand(corpus) as connection:
        connection.execute(update(schema.Attempt).values(created_at=now() - timedelta(minutes=6)))
    (still,) = rounds_in_progress(corpus)
    assert not still.moving and still.cores_busy == still.steps_per_second == 0.0
