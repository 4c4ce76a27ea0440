"""Running vectors: every file of a folder against one engine, and what does not agree."""

from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from rules_engine.testing.vectors.engines import VectorEngine
from rules_engine.testing.vectors.vector import Answer, Vector, VectorFile

__all__ = ["Miss", "Report", "read_folder", "run"]


@frozen
class Miss:
    """A vector on which an engine disagrees."""

    vector: Vector
    found: Answer

    def __str__(self) -> str:
        """Write it for people."""
        one = self.vector
        row = ", ".join(f"{name} {value}" for name, value in one.as_json()["row"].items())
        day = f" on {one.day}" if one.day else ""
        wanted = f"{one.answer} may stand there; {self.found} is found"
        return f"{one.id}: {one.expression}\n  {row}{day}\n  {wanted}"


@frozen(kw_only=True)
class Report:
    """What an engine made of vectors.

    Attributes:
        engine: Its name.
        agreed: Vectors on which it gives the answer.
        skipped: Vectors of profiles that it does not offer, or that it says it skips.
        misses: The others.
    """

    engine: str
    agreed: int
    skipped: int
    misses: tuple[Miss, ...]

    def __str__(self) -> str:
        """Write it in a line."""
        counts = f"{self.agreed:,} agree, {len(self.misses):,} differ, {self.skipped:,} skipped"
        return f"{self.engine}: {counts}"


def read_folder(folder: Path) -> tuple[VectorFile, ...]:
    """Read every file of a folder, or one file.

    Raises:
        ValueError: There is none, or one is no file of vectors.
    """
    paths = [folder] if folder.is_file() else sorted(folder.glob("*.json"))
    if not paths:
        msg = f"{folder} has no files of vectors"
        raise ValueError(msg)
    return tuple(map(VectorFile.read, paths))


def run(files: Sequence[VectorFile], engine: VectorEngine) -> Report:
    """Hold an engine against vectors."""
    agreed = skipped = 0
    misses: list[Miss] = []
    for file in files:
        if file.setting.profile not in engine.profiles:
            skipped += len(file.vectors)
            continue
        for vector, found in zip(file.vectors, engine.answers(file), strict=True):
            if found.agrees(vector.answer):
                agreed += 1
            elif found.kind == "skipped":
                skipped += 1
            else:
                misses.append(Miss(vector, found))
    return Report(engine=engine.name, agreed=agreed, skipped=skipped, misses=tuple(misses))
