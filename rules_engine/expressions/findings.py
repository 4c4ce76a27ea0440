"""What is wrong in an expression, and where."""

from attrs import frozen

__all__ = ["ExpressionError", "Finding", "WrongError"]


@frozen
class Finding:
    """Something wrong in an expression.

    Attributes:
        offset: Place of its first character in the expression's text, from 0.
        length: How many characters it concerns.
        code: Stable diagnostic code.
        message: What was found and what may stand there.
        help: The way out.
    """

    offset: int
    length: int
    code: str
    message: str
    help: str | None = None


class ExpressionError(Exception):
    """An expression is wrong; `findings` holds everything that is."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        """Keep the findings in the order of their places."""
        self.findings = tuple(sorted(findings, key=lambda f: (f.offset, f.code, f.message)))
        super().__init__("; ".join(f.message for f in self.findings))


class WrongError(Exception):
    """A part could not be typed and its finding is recorded; never leaves this package."""
