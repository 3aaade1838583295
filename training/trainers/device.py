"""Where torch can train and run here."""

from __future__ import annotations


class NoDevice(Exception):
    """The device that was asked for is not there. The text says what is and what to do."""


def require_device(name: str) -> None:
    """Raises NoDevice when torch cannot compute there."""
    if name == "cpu":
        return  # always; torch takes seconds to import
    import torch

    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise NoDevice(f"{name!r} is no device: write cpu, cuda, cuda:1 or mps") from error
    if device.type == "cuda":
        number = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= number:
            raise NoDevice(
                f"there is no {name} here: torch {torch.__version__} sees {number} CUDA devices. Leave --device out to "
                "train on the processor"
            )
    elif device.type == "mps":
        if not torch.backends.mps.is_available():
            raise NoDevice(
                f"there is no mps here: torch {torch.__version__} finds no Apple GPU. Leave --device out to train on "
                "the processor"
            )
    elif device.type != "cpu":
        raise NoDevice(f"training runs on cpu, cuda and mps, not on {name}")
