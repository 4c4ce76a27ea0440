"""Text of an expression → words with their places."""

import re
from typing import Final, NamedTuple

from rules_engine.expressions.findings import ExpressionError, Finding
from rules_engine.expressions.foreign import FOREIGN

__all__ = ["ExpressionError", "Finding", "Token", "tokenize"]


class Token(NamedTuple):
    """One word: its kind (number, text, name, quoted, op, end), value and place.

    A tuple, because a ruleset has many and a tuple is made in a third of the time.
    """

    kind: str
    value: str
    start: int
    end: int


# Spaces belong to the word behind them, and the last ones to the end.
_WORD: Final = re.compile(
    r"""\s*+
      (?:(?P<number>(?:\d[\d_]*)(?:\.\d[\d_]*)?|\.\d[\d_]*)
        |(?P<text>'(?:[^']|'')*')
        |(?P<quoted>"(?:[^"]|"")+")
        |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
        |(?P<foreign>--|==|=<|=>|\*\*|::|&&|//)
        |(?P<op><=|>=|<>|!=|\|\||[-+*/()=<>,.])
        |(?P<end>\Z)
        |(?P<wrong>.))""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
LONGEST: Final = 10_000
"""An expression longer than this many characters is refused."""

_HELP = {
    '"': 'a quoted column ends with another "',
    "'": "a text ends with another '; write '' for a quote inside it",
    "`": 'a column with a space in its name stands in double quotes: "…"',
    "%": "a percentage is a fraction: write 0.85 for 85 %",
    "&": "write AND",
    "|": "write OR, or || to join texts",
    "!": "write NOT or <>",
    "{": "expressions are no templates: name a column or a parameter",
    "^": "write x * x; powers stand inside ROUND(POWER(x, y), n)",
    "$": "an amount is written without its sign: 12.50",
    "€": "an amount is written without its sign: 12.50",
    ";": "one formula is one expression",
    "--": "a comment is YAML's, behind #, above the formula; minus a negative number is x - (-y)",
    **FOREIGN,
}


def tokenize(text: str) -> list[Token]:
    """Split an expression into tokens; the last one has kind `end`.

    Raises:
        ExpressionError: A character that no expression has, or a text that is too long.
    """
    if len(text) > LONGEST:
        found = Finding(
            0, 1, "RE401", f"expression has {len(text)} characters; it may have {LONGEST}"
        )
        raise ExpressionError((found,))
    tokens: list[Token] = []
    findings: list[Finding] = []
    for match in _WORD.finditer(text):
        kind = match.lastgroup or ""
        word = match[kind]
        end = match.end()
        if kind in {"wrong", "foreign"}:
            message = f"{word!r} is not part of an expression"
            findings.append(Finding(end - len(word), len(word), "RE401", message, _HELP.get(word)))
        tokens.append(Token(kind, word, end - len(word), end))
        if kind == "end":
            break
    if findings:
        raise ExpressionError(tuple(findings[:20]))
    return tokens
