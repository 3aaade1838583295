"""The sizes of a ranker's network. Nothing here needs torch, which takes seconds to import."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

#: Of the root mean square norms.
EPSILON = 1e-6
#: Of the rotary position embedding (Su et al. 2021, arXiv:2104.09864, section 3.3).
ROPE_BASE = 10_000.0


class ModelConfig(BaseModel):
    """Sizes of the network. The defaults give about 1.1 million parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hidden: int = 128
    layers: int = 4
    heads: int = 4
    feed_forward: int = 352
    #: On what enters and leaves the blocks. None inside attention: it would cost a third of the training time.
    dropout: float = 0.1
    #: Bins of the value head, which says how many steps a goal still takes: 1, 2, ... and the last one for more
    #: (AlphaProof has 64). 0: there is none.
    value_bins: int = Field(default=0, ge=0, le=1024, exclude_if=lambda bins: not bins)
