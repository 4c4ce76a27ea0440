"""Draws that are the same for one seed on every machine."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

from attrs import define, field

__all__ = ["Dice"]

T = TypeVar("T")

# Twentieths of a log-normal distribution (sigma 0.9) in thousandths of its mean: most draws lie
# below the mean and a few far above it, as the cost of care does. A table, because exp and log
# may differ in their last digit between machines.
_SKEW = (
    119, 189, 246, 298, 350, 404, 460, 519, 583, 654,
    732, 820, 921, 1041, 1185, 1365, 1604, 1948, 2527, 4035,
)  # fmt: skip


@define
class Dice:
    """A seeded source of draws.

    Only `Random.random` is used: of all its methods it alone promises the same sequence for one
    seed in every version of Python.
    """

    seed: int
    _random: Random = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Start the sequence that the seed stands for."""
        self._random = Random(self.seed)  # noqa: S311  repeatable on purpose, keeps no secret

    def below(self, limit: int) -> int:
        """Draw a whole number from 0 to `limit - 1`."""
        return int(self._random.random() * limit)

    def between(self, low: int, high: int) -> int:
        """Draw a whole number from `low` to `high`, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def chance(self, thousandths: int) -> bool:
        """Draw whether something happens that happens so often in a thousand."""
        return self._random.random() * 1000 < thousandths

    def pick(self, choices: Sequence[T]) -> T:
        """Draw one of `choices`, each as likely as the next."""
        return choices[int(self._random.random() * len(choices))]

    def skewed(self) -> int:
        """Draw a multiplier in thousandths: 1,000 on average, 530 at the median, 16,300 at most."""
        return self.pick(_SKEW) * self.pick(_SKEW) // 1000

    def about(self, thousandths: int) -> int:
        """Draw a whole number whose average is `thousandths` / 1,000."""
        whole, rest = divmod(thousandths, 1000)
        return whole + self.chance(rest)
