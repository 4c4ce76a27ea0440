"""Running vectors: every file of a folder against one engine, and what does not agree."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import Factory, frozen

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
        reasons: How many it skips for which reason: a profile that it does not offer, or what it
            says itself.
        misses: The others.
    """

    engine: str
    agreed: int
    misses: tuple[Miss, ...]
    reasons: Mapping[str, int] = Factory(dict)

    @property
    def skipped(self) -> int:
        """How many it skips."""
        return sum(self.reasons.values())

    def __str__(self) -> str:
        """Write it in a line, and one for each reason to skip vectors."""
        reasons = "".join(f"\n  {count:,} skipped: {why}" for why, count in self.reasons.items())
        counts = f"{self.agreed:,} agree, {len(self.misses):,} differ, {self.skipped:,} skipped"
        return f"{self.engine}: {counts}{reasons}"


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
    agreed = 0
    reasons: Counter[str] = Counter()
    misses: list[Miss] = []
    for file in files:
        if file.setting.profile not in engine.profiles:
            offered = " and ".join(sorted(engine.profiles))
            why = f"profile {file.setting.profile}; the engine offers {offered}"
            reasons[why] += len(file.vectors)
            continue
        for vector, found in zip(file.vectors, engine.answers(file), strict=True):
            if found.agrees(vector.answer):
                agreed += 1
            elif found.kind == "skipped":
                reasons[found.code + (f": {found.message}" if found.message else "")] += 1
            else:
                misses.append(Miss(vector, found))
    return Report(engine=engine.name, agreed=agreed, misses=tuple(misses), reasons=reasons)
