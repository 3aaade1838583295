"""A snapshot as one file that another machine can read and check: a zip of JSON lines and of closed proof terms.

    manifest.json            what the file is: the snapshot's hash, counts, and the SHA-256 of each of the files below
    benchmarks/N.jsonl       the benchmark's own line, then all of its theorems, held-out ones too, with their classes
    proofs.jsonl             one proof a line, in the order in which they were stored; its certificate as it was given.
                             Lemmas that one borrowed come before it, also those that are not of the snapshot
    headers.jsonl            the headers of these theorems, each once; a theorem has its number. Not always there
    human.jsonl              people's steps that are no proofs (corpus/human.py)
    terms/HASH.ndjson        the closed proof term of the proof of that content hash, in lean4export's format
    own/HASH.ndjson          its own part, by which it can be lent to others (lean_env/lemmas.py). Not always there

The same corpus gives the same bytes. Reading trusts nothing: no name leads anywhere, nothing is unpacked to disk, and
what a file may grow to is bounded. That the proofs prove something is for the gate to say (`flywheel corpus import`).
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import IO, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from corpus.errors import CorpusError
from corpus.hashing import canonical_json
from corpus.records import (
    CertificateRecord,
    HeaderRecord,
    HumanTraceRecord,
    StepRecord,
    StoredProof,
    TheoremRecord,
)

FORMAT = "lean-flywheel archive 2"
#: The first format, without lemmas: what it has is read as it always was.
FORMATS = (FORMAT, "lean-flywheel archive 1")
#: Bounds on what an archive may hold. Honest proofs: lines of 2 kB, terms of 5 kB, packed to a fifteenth.
LINE_BYTES, TERM_BYTES, MANIFEST_BYTES = 64 << 20, 256 << 20, 1 << 20
RATIO, FREE_BYTES = 200, 16 << 20

_NAME = re.compile(
    r"manifest\.json|benchmarks/\d{1,4}\.jsonl|(headers|proofs|human)\.jsonl|(terms|own)/[0-9a-f]{64}\.ndjson"
)
#: Files that a proof's line names, not the manifest.
BY_PROOF = ("terms/", "own/")
#: Earliest time that a zip can have: nothing of when or by whom it was made is in the bytes.
_TIME = (1980, 1, 1, 0, 0, 0)
_COPY_BYTES = 1 << 20


class NoArchive(CorpusError):
    """The file is no archive, or not one that may be read. Nothing was changed."""


class Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Manifest(Line):
    """`human_filter`: the benchmarks whose human steps the snapshot counts. `files`: name to SHA-256, without terms.
    `borrowers`: how many of the proofs borrow lemmas."""

    format: str
    snapshot: str
    proofs: int
    human: int
    human_hash: str
    human_filter: tuple[str, ...]
    benchmarks: tuple[str, ...]
    terms: bool
    files: dict[str, str]
    borrowers: int = 0


class BenchmarkLine(Line):
    name: str
    revision: str
    library_digest: str
    meta: dict[str, Any]


class HeaderLine(Line):
    header: HeaderRecord


class TheoremLine(Line):
    """`header`: the number of the theorem's header among the archive's, from 0. On its way `theorem` has none."""

    theorem: TheoremRecord
    statement_class: str
    header: int | None = None


class ProofLine(Line):
    """`term`: SHA-256 of the term's file, '' in an archive without terms. `borrowed`: the content hashes of the proofs
    that it names as lemmas. `own`: SHA-256 of its own part's file, '' without one. `member`: of the snapshot."""

    benchmark: str
    theorem: str
    source: str
    steps: tuple[StepRecord, ...]
    certificate: CertificateRecord
    text: str
    term_bytes: int
    content_hash: str
    term: str
    borrowed: tuple[str, ...] = ()
    own: str = ""
    member: bool = True


class TraceLine(Line):
    benchmark: str
    trace: HumanTraceRecord


L = TypeVar("L", bound=Line)


class ArchiveWriter:
    """`with writing_archive(path) as archive`: files are added one by one, the manifest last."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self.files: dict[str, str] = {}

    def add(self, name: str, content: IO[bytes]) -> None:
        """Adds a whole file."""
        seen = hashlib.sha256()
        info = zipfile.ZipInfo(name, _TIME)
        info.create_system, info.external_attr, info.compress_type = 3, 0o644 << 16, zipfile.ZIP_DEFLATED
        with self._file.open(info, "w", force_zip64=True) as target:
            while block := content.read(_COPY_BYTES):
                seen.update(block)
                target.write(block)
        self.files[name] = seen.hexdigest()

    def add_bytes(self, name: str, content: bytes) -> str:
        """Adds a small file; returns its SHA-256."""
        self.add(name, io.BytesIO(content))
        return self.files[name]

    @contextmanager
    def lines(self, name: str) -> Iterator[Callable[[Line], None]]:
        """A file of JSON lines that comes into being while others are added: it is kept aside until it is whole."""
        with tempfile.TemporaryFile() as spool:

            def write(line: Line) -> None:
                spool.write(canonical_json(line.model_dump(mode="json")).encode() + b"\n")

            yield write
            spool.seek(0)
            self.add(name, spool)

    def finish(self, manifest: Manifest) -> None:
        self.add_bytes("manifest.json", canonical_json(manifest.model_dump(mode="json")).encode() + b"\n")


@contextmanager
def writing_archive(path: Path) -> Iterator[ArchiveWriter]:
    """The archive appears at `path` when it is whole; what was there stays until then."""
    partial = path.with_name(f".{path.name}.partial")
    if not path.parent.is_dir():
        raise CorpusError(f"There is no folder {path.parent}: make it first, or choose another place.")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as file:
            yield ArchiveWriter(file)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


class Archive:
    """An archive open for reading. Everything it says is a claim; every method raises NoArchive for what it may not be.
    Read it through `open_archive`."""

    def __init__(self, path: Path, file: zipfile.ZipFile) -> None:
        self.path, self._file = path, file
        self._entries = self._directory()
        text = self._bytes("manifest.json", MANIFEST_BYTES)
        self.manifest = self._parse(Manifest, text, "manifest.json")
        if self.manifest.format not in FORMATS:
            raise self._refuse(f"its format is {self.manifest.format[:60]!r}, this version reads {FORMAT!r}")
        listed = {name for name in self._entries if not name.startswith(BY_PROOF)} - {"manifest.json"}
        wanted = {f"benchmarks/{i}.jsonl" for i in range(len(self.manifest.benchmarks))} | {
            "proofs.jsonl",
            "human.jsonl",
        }
        wanted |= {"headers.jsonl"} & listed
        if set(self.manifest.files) != listed or listed != wanted:
            raise self._refuse("its manifest lists other files than it has")

    def benchmark(self, index: int) -> tuple[BenchmarkLine, list[TheoremLine]]:
        name = f"benchmarks/{index}.jsonl"
        lines = self._lines(name)
        first = next(lines, None)
        if first is None:
            raise self._refuse(f"{name} is empty")
        head = self._parse(BenchmarkLine, first, name)
        if f"{head.name}@{head.revision}" != self.manifest.benchmarks[index]:
            raise self._refuse(f"{name} is another benchmark than its manifest says")
        return head, [self._whole(self._parse(TheoremLine, line, name), name) for line in lines]

    @cached_property
    def headers(self) -> list[HeaderRecord]:
        name = "headers.jsonl"
        if name not in self._entries:
            return []
        return [self._parse(HeaderLine, line, name).header for line in self._lines(name)]

    def _whole(self, line: TheoremLine, name: str) -> TheoremLine:
        """With its header in the theorem."""
        if line.theorem.header is not None:
            raise self._refuse(f"{name} has a header within a theorem")
        if line.header is None:
            return line
        if not 0 <= line.header < len(self.headers):
            raise self._refuse(f"{name} names a header that it does not have")
        theorem = replace(line.theorem, header=self.headers[line.header])
        return line.model_copy(update={"theorem": theorem})

    def proofs(self) -> Iterator[ProofLine]:
        for line in self._lines("proofs.jsonl"):
            yield self._parse(ProofLine, line, "proofs.jsonl")

    def traces(self) -> Iterator[TraceLine]:
        for line in self._lines("human.jsonl"):
            yield self._parse(TraceLine, line, "human.jsonl")

    def term(self, proof: ProofLine) -> str:
        """The closed term of a proof, the bytes that its line names."""
        return self._named(f"terms/{proof.content_hash}.ndjson", proof.term, f"the term of {proof.theorem}")

    def own(self, proof: ProofLine) -> str:
        """A proof's own part, '' where the archive has none."""
        if not proof.own:
            return ""
        return self._named(f"own/{proof.content_hash}.ndjson", proof.own, f"the own part of {proof.theorem}")

    def _named(self, name: str, digest: str, what: str) -> str:
        if name not in self._entries:
            raise self._refuse(f"{what} is missing")
        content = self._bytes(name, TERM_BYTES)
        if hashlib.sha256(content).hexdigest() != digest:
            raise self._refuse(f"{what} was changed")
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise self._refuse(f"{what} is no text: {error}") from None

    def _directory(self) -> dict[str, zipfile.ZipInfo]:
        entries: dict[str, zipfile.ZipInfo] = {}
        for info in self._file.infolist():
            if not _NAME.fullmatch(info.filename):
                raise self._refuse(f"{info.filename[:80]!r} is no name of a file in an archive")
            if info.filename in entries:
                raise self._refuse(f"it has {info.filename} twice")
            if (info.external_attr >> 16) & 0o170000 not in (0, 0o100000):
                raise self._refuse(f"{info.filename} is a link or something else that is no file")
            if info.flag_bits & 0x1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise self._refuse(f"{info.filename} is encrypted or packed in an unusual way")
            entries[info.filename] = info
        packed = self.path.stat().st_size
        unpacked = sum(info.file_size for info in entries.values())
        if unpacked > FREE_BYTES + RATIO * packed:
            raise self._refuse(f"its {packed} bytes would unpack to {unpacked}, more than {RATIO} times as much")
        if "manifest.json" not in entries:
            raise self._refuse("it has no manifest.json")
        return entries

    def _bytes(self, name: str, limit: int) -> bytes:
        with self._reading(name) as file:
            content = file.read(limit + 1)
            if len(content) > limit:
                raise self._refuse(f"{name} is larger than {limit} bytes")
            return content

    def _lines(self, name: str) -> Iterator[bytes]:
        """The lines of a file, which must be what the manifest says when the last one is read."""
        seen = hashlib.sha256()
        with self._reading(name) as file:
            while line := file.readline(LINE_BYTES):
                if not line.endswith(b"\n"):
                    raise self._refuse(f"{name} has a line without an end, or of more than {LINE_BYTES} bytes")
                seen.update(line)
                yield line
        if seen.hexdigest() != self.manifest.files[name]:
            raise self._refuse(f"{name} was changed: its SHA-256 is not that of the manifest")

    @contextmanager
    def _reading(self, name: str) -> Iterator[IO[bytes]]:
        try:
            with self._file.open(self._entries[name]) as file:
                yield file
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
            raise self._refuse(f"{name} is damaged: {error}") from error

    def _parse(self, kind: type[L], text: bytes, name: str) -> L:
        try:
            return kind.model_validate(json.loads(text))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise self._refuse(f"{name} has an unexpected line: {where}: {first['msg']}") from None
        except (ValueError, RecursionError) as error:
            raise self._refuse(f"{name} is not JSON: {str(error)[:120]}") from None

    def _refuse(self, reason: str) -> NoArchive:
        return NoArchive(f"{self.path} is no archive that can be read: {reason}. Nothing was changed.")


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Raises NoArchive."""
    try:
        file = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise NoArchive(
            f"{path} is no archive: {error}. `flywheel corpus archive SNAPSHOT FILE.zip` makes one. Nothing changed."
        ) from error
    with file:
        yield Archive(path, file)


def proof_line(proof: StoredProof, term: str, own: str = "", member: bool = True) -> ProofLine:
    return ProofLine(
        benchmark=proof.benchmark,
        theorem=proof.theorem.name,
        source=proof.source,
        steps=proof.steps,
        certificate=proof.certificate,
        text=proof.text,
        term_bytes=proof.term_bytes,
        content_hash=proof.content_hash,
        term=term,
        borrowed=proof.borrowed,
        own=own,
        member=member,
    )
