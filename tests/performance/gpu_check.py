"""`make gpu-check`: the language model's tests with `FLYWHEEL_TEST_DEVICE=cuda`, and its figures on that GPU.

Without a GPU it says so and is content: what it would check is checked on the processor by `make test`.
"""

from __future__ import annotations

import os
import subprocess
import sys

TESTS = [
    "tests/prover/policies/test_text_policy.py",
    "tests/prover/policies/test_constrained_decoding.py",
    "tests/training/trainers/test_text_trainer.py",
    "tests/training/test_text_run.py",
]


def main() -> int:
    import torch

    if not torch.cuda.is_available():
        print(f"no GPU here: torch {torch.__version__} sees no CUDA device. Nothing was checked.")
        return 0
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}", flush=True)
    environment = {**os.environ, "FLYWHEEL_TEST_DEVICE": "cuda", "CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
    tested = subprocess.run([sys.executable, "-m", "pytest", *TESTS], env=environment, check=False)
    for device in ("cpu", "cuda"):
        subprocess.run([sys.executable, "-m", "tests.performance.bench_text", "--device", device], check=True)
    return tested.returncode


if __name__ == "__main__":
    sys.exit(main())
