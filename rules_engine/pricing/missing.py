"""What a claim has to say: columns that are not there are the caller's mistake."""

from collections.abc import Sequence

__all__ = ["MissingColumnError"]


class MissingColumnError(KeyError):
    """A claim lacks columns that the ruleset needs; an absent value is given as None."""

    def __init__(self, columns: Sequence[str]) -> None:
        """Keep the names of the columns."""
        self.columns = tuple(columns)
        super().__init__(columns)

    def __str__(self) -> str:
        """Say which, and what to do."""
        names = ", ".join(self.columns)
        return (
            f"the claim has no {names}; the ruleset reads it:"
            " give None (null in JSON) where there is no value"
        )
