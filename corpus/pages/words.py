"""Small texts for people: the filters of the templates."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from corpus.columns import now
from corpus.records import CertificateRecord, TheoremRecord

#: A stored proof's theorem and its name, as the name is written.
_NAMED = re.compile(r"^theorem (?:«[^»]*»|[^\s«])+ ", re.MULTILINE)


def ago(moment: datetime) -> str:
    """`12 min ago`; a date once it is more than a month."""
    seconds = max(0.0, (now() - moment).total_seconds())
    for limit, size, unit in ((90, 1, "s"), (5400, 60, "min"), (129_600, 3600, "h"), (2_592_000, 86_400, "days")):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{moment:%Y-%m-%d}"


def when(moment: datetime | None) -> str:
    """A moment in full, in UTC."""
    return "not yet" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def seconds(value: float) -> str:
    """`0.31 s`, `4.2 min`, `1.3 h`."""
    if value < 100:
        return f"{value:.2g} s" if value < 10 else f"{value:.0f} s"
    return f"{value / 60:.1f} min" if value < 5400 else f"{value / 3600:.1f} h"


def size(count: float) -> str:
    """Bytes as such, as kB or MB."""
    if count < 100:
        return f"{count:.0f} B"
    return f"{count / 1000:.1f} kB" if count < 1e6 else f"{count / 1e6:.1f} MB"


def plain(value: Any) -> str:
    """A configuration's value as TOML would show it, nearly."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def flat(config: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested tables as one, `round.steps` and so on."""
    found: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            found |= flat(value, f"{before}{key}.")
        else:
            found[f"{before}{key}"] = value
    return found


def certificate(record: CertificateRecord, theorem: TheoremRecord) -> list[str]:
    """What the gate found, one sentence for each of its checks."""
    same = record.statement_hash == theorem.statement_hash
    sentences = [
        "The proof term's type is the stored statement."
        if same
        else "The term's statement hash differs from the stored statement's: do not trust this proof.",
        f"It rests on the axioms {', '.join(record.axioms)}." if record.axioms else "It uses no axioms.",
    ]
    if record.header_digest:
        sentences.append("What it uses of its header went through the same checks.")
    if record.auxiliaries:
        count = len(record.auxiliaries)
        sentences.append(f"It brings {count} auxiliary declaration{'s' if count > 1 else ''}, checked with it.")
    sentences += [f"Kernel “{name}”: {verdict}." for name, verdict in record.kernels.items()]
    return sentences


def standalone(text: str, theorem: TheoremRecord) -> str:
    """A stored proof as text for an editor elsewhere, its header above it: the theorem becomes an example, since a
    library that has it would refuse the name."""
    text = _NAMED.sub("example ", text, count=1)
    if theorem.header is None:
        return text
    imports = "".join(f"import {module}\n" for module in theorem.imports if module != "Init")
    return f"{imports}\n{theorem.header.text.strip(chr(10))}\n\n{text}".lstrip("\n")
