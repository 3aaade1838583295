"""DeepSeek-R1 (DeepSeek-AI 2025, arXiv:2501.12948): a teacher by reinforcement, a student that learns what it wrote.

The teacher goes on from M_0, round by round: G samples of a theorem are a group, the kernel's verdict is their reward,
and GRPO updates it once on each round's samples. The student M_n is trained from scratch on all proofs that the kernel
accepted, the teacher's among them, then on preferences. Rounds sample with the teacher; the student is measured. There
is no reward for format: what does not end, or has a tactic that the benchmark forbids, is no sample at all. Nor is
there a learned reward, which gets hacked.
"""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from corpus.samples import StoredSample
from prover.policies.text.checkpoint import load_tokenizer, pieces_of
from training.config import FlywheelConfig
from training.recipes.recipe import Learning, Recipe, require_group, require_writer
from training.recipes.writing import (
    Tokens,
    as_proof,
    by_theorem,
    finish,
    newest_samples,
    prefer_stage,
    samples_so_far,
    save,
    told_by,
    trainer_of,
)
from training.trainers.group_relative import Group, reinforce
from training.trainers.isolation import isolated
from training.trainers.trainer import Trained
from training.trainers.trl_settings import Fit

#: Samples in a group, and in a gradient step. R1 has 16 and 512.
GROUP, STEP = 8, 32
#: The learning rate as a share of the supervised one.
RATE = 0.1


@dataclass(frozen=True, slots=True)
class R1(Recipe):
    """For models that write proofs."""

    name: ClassVar[str] = "r1"
    about: ClassVar[str] = (
        "a teacher by GRPO with the kernel as reward, distilled into a fresh student, then preferences"
    )
    parts: ClassVar[frozenset[str]] = frozenset({"student", "dpo"})
    lesser: ClassVar[tuple[tuple[str, ...], ...]] = (("student",), ("dpo",))

    def require(self, config: FlywheelConfig) -> None:
        """A writer, and groups."""
        require_writer(config, self.name)
        require_group(config, self.name, "in a group of one each sample is its own mean, and nothing is learned")

    def sampler(self, folder: Path) -> Path:
        """The teacher beside it; M_0 is its own."""
        teacher = teacher_of(folder)
        return teacher if teacher.exists() else folder

    def update(self, learning: Learning) -> Trained:
        """The teacher, then the student."""
        if learning.parent is None:
            return learning.supervised()
        teacher, told = self._teach(learning)
        if not self.has("student"):
            made = finish(learning, teacher, told)
            # What its record says of supervision was M_0's.
            made = Trained(made.weights_sha256, {**made.metrics, "updates": 0, "tokens": 0})
        else:
            student = learning.stage("student")
            if not student.exists():
                certified = (as_proof(one) for one in samples_so_far(learning) if one.certified)
                learning.trainer.train(
                    [*learning.proofs(), *certified],
                    student,
                    seed=learning.seed,
                    statements=learning.statements,
                    report=learning.report,
                )
            made = finish(learning, prefer_stage(learning, student, "dpo") if self.has("dpo") else student, told)
        shutil.rmtree(teacher_of(learning.folder), ignore_errors=True)
        shutil.copytree(teacher, teacher_of(learning.folder))
        return made

    def _teach(self, learning: Learning) -> tuple[Path, dict[str, object]]:
        """The next teacher, as a stage, or the one before where no group teaches anything."""
        assert learning.parent is not None
        before, folder = self.sampler(Path(learning.parent.model_path or "")), learning.stage("teacher")
        trainer = trainer_of(learning)
        tokens = Tokens(pieces_of(load_tokenizer(str(before))), trainer)
        drawn = by_theorem(newest_samples(learning))
        size = min(GROUP, trainer.config.samples)
        groups = [one for own in drawn.values() if (one := group_of(own, size, tokens, learning.seed)) is not None]
        teaching = [one for one in groups if one.teaches]
        told: dict[str, object] = {"groups": len(groups), "teaching_groups": len(teaching)}
        if not teaching:
            return before, told
        if not folder.exists():
            how = Fit(1, STEP, trainer.config.learning_rate * RATE, learning.seed, trainer.device)
            work = folder.with_name(".teacher.work")
            with isolated(trainer.config.threads, trainer.device):
                made = reinforce(before, teaching, size, how, work=work)
            shutil.rmtree(work, ignore_errors=True)
            grpo = {"steps": made.steps, "tokens": made.tokens, "kl": made.kl}
            save(learning, folder, made.model, made.tokenizer, before, {"grpo": grpo})
        return folder, {**told, **told_by(folder, "grpo")}


def teacher_of(folder: Path) -> Path:
    """Where the teacher of the generation in `folder` is."""
    return folder.with_name(f"{folder.name}-teacher")


def group_of(samples: list[StoredSample], size: int, tokens: Tokens, seed: int) -> Group | None:
    """`size` of a theorem's samples, each as often as it was drawn; None where there are fewer that the kernel has
    judged."""
    judged = [one for one in samples if one.certified or one.refused for _ in range(one.count)]
    if len(judged) < size:
        return None
    chosen = random.Random(f"{seed} {samples[0].theorem.name}").sample(judged, size)
    answers = tuple(tokens.answer(one) for one in chosen)
    return Group(tokens.prompt(chosen[0]), answers, tuple(float(one.certified) for one in chosen))
