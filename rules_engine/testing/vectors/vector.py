"""A vector: an expression, what its names stand for, and what comes out."""

import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from attrs import Factory, evolve, frozen

from rules_engine.engine.certifying.judging import Shelf
from rules_engine.engine.certifying.sample import written
from rules_engine.expressions import Kind, Parameter, Scope, TableType, Type
from rules_engine.expressions.types import EXACT

__all__ = ["FORMAT", "Answer", "Setting", "Vector", "VectorFile"]

FORMAT: Final = "rules-engine vectors 1"
CLAIM_COLUMNS: Final = frozenset({"claim_line_number", "claim_line_start_date", "charge_amount"})
"""Columns that every line of a claim has: its number, the date it is priced at, its charge."""
_WHOLE: Final = frozenset({Kind.COUNT, Kind.DAYS})


@frozen(kw_only=True)
class Answer:
    """What an engine makes of a vector.

    Attributes:
        kind: `value`; `rejected` where the row has none; `refused` where the expression is wrong;
            `skipped` where the engine does not offer it; `failed` where it gave no answer.
        value: The value: a fraction, a text, a date, a truth value or None.
        code: Why there is none.
        message: The same in words; None where an engine says none.
    """

    kind: str
    value: Fraction | str | date | bool | None = None
    code: str = ""
    message: str | None = None

    def agrees(self, other: "Answer") -> bool:
        """Whether two answers say the same; words count where both have some."""
        if self.kind != other.kind:
            return False
        if self.kind == "value":
            same_kind = isinstance(self.value, bool) == isinstance(other.value, bool)
            return same_kind and self.value == other.value
        silent = self.message is None or other.message is None
        return self.code == other.code and (silent or self.message == other.message)

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON holds it."""
        if self.kind == "value":
            return {"value": written(self.value)}
        said = {"code": self.code}
        return {self.kind: said if self.message is None else {**said, "message": self.message}}

    @classmethod
    def from_json(cls, content: Mapping[str, Any], type_: Type | None) -> "Answer":
        """Read what `as_json` wrote, or an engine answered.

        Args:
            content: The object.
            type_: What a value is; None reads it as its JSON type says.

        Raises:
            ValueError: It is no answer.
        """
        if "value" in content:
            return cls(kind="value", value=_exact(content["value"], type_))
        for kind in ("rejected", "refused", "skipped"):
            if kind in content:
                said = content[kind]
                if not isinstance(said, Mapping):
                    return cls(kind=kind, code=str(said))
                return cls(kind=kind, code=str(said["code"]), message=said.get("message"))
        msg = "value, rejected, refused or skipped may stand in an answer"
        raise ValueError(msg)

    def __str__(self) -> str:
        """Write it for people."""
        if self.kind == "value":
            return json.dumps(written(self.value), ensure_ascii=False)
        return f"{self.kind} {self.code}" + (f" {self.message}" if self.message else "")


def _exact(value: Any, type_: Type | None) -> Fraction | str | date | bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return Fraction(value)
    if not isinstance(value, str):
        msg = f"{value!r} is a number that readers round; text may stand there"
        raise ValueError(msg)  # noqa: TRY004  a wrong answer, not a mistake of the caller
    if type_ is None or type_.kind in {Kind.CODE, Kind.TEXT}:
        return value
    if type_.kind is Kind.DATE:
        return date.fromisoformat(value)
    return Fraction(value)


@frozen(kw_only=True)
class Setting:
    """What the names of expressions stand for.

    Attributes:
        profile: `row`, `settlement` or `mapping`; `claim` for amounts of a line that read the other
            lines of its claim, or what has run up before it.
        columns: Type of each column.
        parameters: The contract's own numbers.
        tables: Tables with their rows.
    """

    profile: str
    columns: Mapping[str, Type]
    parameters: Mapping[str, Parameter] = Factory(dict)
    tables: Mapping[str, Shelf] = Factory(dict)

    def scope(self) -> Scope:
        """Give the scope that an expression is checked in."""
        is_claim = self.profile == "claim"
        return Scope(
            profile="row" if is_claim else self.profile,
            of_claim=is_claim,
            columns=self.columns,
            parameters=self.parameters,
            tables={name: shelf.type for name, shelf in self.tables.items()},
            occurring=self._occurring,
        )

    def _occurring(self, table: str, column: str) -> frozenset[Decimal] | None:
        return frozenset(Decimal(row[column]) for row in self.tables[table].rows)

    def named(self, text: str) -> "Setting":
        """Keep what a text names."""
        words = set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text))
        if self.profile == "claim":
            words |= CLAIM_COLUMNS
        return evolve(
            self,
            columns={n: t for n, t in self.columns.items() if n in words},
            parameters={n: p for n, p in self.parameters.items() if n in words},
            tables={n: t for n, t in self.tables.items() if n in words},
        )

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON holds it."""
        found: dict[str, Any] = {
            "profile": self.profile,
            "columns": {name: _type_json(type_) for name, type_ in self.columns.items()},
        }
        if self.parameters:
            found["parameters"] = {
                name: {
                    "type": _type_json(one.type),
                    "values": [[written(first), written(value)] for first, value in one.values],
                }
                for name, one in self.parameters.items()
            }
        if self.tables:
            found["tables"] = {name: _table_json(shelf) for name, shelf in self.tables.items()}
        return found

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Setting":
        """Read what `as_json` wrote."""
        parameters = {}
        for name, one in content.get("parameters", {}).items():
            type_ = _read_type(one["type"])
            values = [
                (first and date.fromisoformat(first), read(v, type_)) for first, v in one["values"]
            ]
            parameters[name] = Parameter(type=type_, values=tuple(values))
        return cls(
            profile=content["profile"],
            columns={name: _read_type(one) for name, one in content["columns"].items()},
            parameters=parameters,
            tables={n: _read_table(n, one) for n, one in content.get("tables", {}).items()},
        )


@frozen(kw_only=True)
class Vector:
    """One expression on one row.

    Attributes:
        id: Its name, unique among all vectors.
        expression: The text.
        row: Value of each column that it reads.
        day: The row's date; None where nothing depends on it.
        type: What the value is: kind, nullable, scale; None where the expression is refused.
        answer: What comes out.
        why: How the answer was worked out by hand; empty where the exact evaluator gave it.
        others: The other lines of the claim, in the profile `claim`.
        claims: Other claims, of one line each. Claims are priced in the order of their first day,
            on one day as listed, the vector's own last.
    """

    id: str
    expression: str
    row: Mapping[str, Any]
    day: date | None
    type: Type | None
    answer: Answer
    why: str = ""
    others: tuple[Mapping[str, Any], ...] = ()
    claims: tuple[Mapping[str, Any], ...] = ()

    @property
    def by_hand(self) -> bool:
        """Whether a person worked it out."""
        return bool(self.why)

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON holds it."""
        found: dict[str, Any] = {"id": self.id, "expression": self.expression}
        found["row"] = _row_json(self.row)
        for name, rows in (("others", self.others), ("claims", self.claims)):
            if rows:
                found[name] = [_row_json(row) for row in rows]
        if self.day is not None:
            found["date"] = self.day.isoformat()
        if self.type is not None:
            found["type"] = _result_json(self.type)
        found |= self.answer.as_json()
        scale = None if self.type is None else self.type.scale
        if isinstance(self.answer.value, Fraction) and scale is not None:
            found["value"] = _with_places(self.answer.value, scale)
        if self.by_hand:
            found |= {"by_hand": True, "why": self.why}
        return found

    @classmethod
    def from_json(cls, content: Mapping[str, Any], columns: Mapping[str, Type]) -> "Vector":
        """Read what `as_json` wrote."""
        type_ = None
        if "type" in content:
            said = content["type"]
            type_ = Type(Kind(said["kind"]), said["nullable"], said.get("scale", 0))
        day = content.get("date")
        return cls(
            id=content["id"],
            expression=content["expression"],
            row=_read_row(content["row"], columns),
            others=tuple(_read_row(row, columns) for row in content.get("others", ())),
            claims=tuple(_read_row(row, columns) for row in content.get("claims", ())),
            day=None if day is None else date.fromisoformat(day),
            type=type_,
            answer=Answer.from_json(content, type_),
            why=content.get("why", ""),
        )


@frozen(kw_only=True)
class VectorFile:
    """The vectors of one construct.

    Attributes:
        construct: Its name, which is the file's.
        meaning: What it is, in a sentence.
        setting: What the names of its expressions stand for.
        vectors: The vectors.
    """

    construct: str
    meaning: str
    setting: Setting
    vectors: tuple[Vector, ...]

    def text(self) -> str:
        """Write the file: a line for each column, parameter, row of a table and vector."""
        head = {"format": FORMAT, "construct": self.construct, "meaning": self.meaning}
        lines = [f"{_key(name)}{_compact(value)}" for name, value in head.items()]
        for name, value in self.setting.as_json().items():
            lines.append(
                f"{_key(name)}{_spread(value) if isinstance(value, dict) else _compact(value)}"
            )
        rows = ",\n".join(f"  {_compact(vector.as_json())}" for vector in self.vectors)
        lines.append(f"{_key('vectors')}[\n{rows}\n ]")
        return "{\n" + ",\n".join(lines) + "\n}\n"

    @classmethod
    def read(cls, path: Path) -> "VectorFile":
        """Read a file.

        Raises:
            ValueError: It is no file of vectors.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            msg = f"{path}:{error.lineno}:{error.colno} is no JSON: {error.msg}"
            raise ValueError(msg) from None
        except (UnicodeDecodeError, RecursionError) as error:
            msg = f"{path} is no file of vectors: {error}"
            raise ValueError(msg) from None
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            msg = f"{path} is no file of vectors: its format is not {FORMAT!r}"
            raise ValueError(msg)
        try:
            setting = Setting.from_json(content)
            return cls(
                construct=content["construct"],
                meaning=content["meaning"],
                setting=setting,
                vectors=tuple(Vector.from_json(one, setting.columns) for one in content["vectors"]),
            )
        except KeyError as error:
            msg = f"{path} is no file of vectors: {error} is not there"
            raise ValueError(msg) from None
        except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
            msg = f"{path} is no file of vectors: {error}"
            raise ValueError(msg) from None


def _row_json(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: written(value) for name, value in row.items()}


def _read_row(row: Mapping[str, Any], columns: Mapping[str, Type]) -> dict[str, Any]:
    return {name: read(value, columns[name]) for name, value in row.items()}


def read(value: Any, type_: Type) -> Any:
    """Read a value of a column from its JSON: text, but for truth values and null."""
    if value is None or isinstance(value, bool):
        return value
    if type_.kind is Kind.DATE:
        return date.fromisoformat(value)
    if type_.kind in {Kind.CODE, Kind.TEXT}:
        return value
    return int(value) if type_.kind in _WHOLE else Decimal(value)


def _with_places(value: Fraction, scale: int) -> str:
    """Write a number with all its places: 0.00 for nothing, to the cent."""
    units = value * 10**scale
    if units.denominator != 1:
        return str(written(value))
    return f"{Decimal(units.numerator).scaleb(-scale, EXACT):f}"


def _type_json(type_: Type) -> dict[str, Any]:
    return {name: value for name, value in type_.as_json().items() if _says(type_, name, value)}


def _says(type_: Type, name: str, value: Any) -> bool:
    """Whether a part of a type says something: texts and dates have no scale."""
    return name in {"kind", "nullable"} or (
        value is not None and (name != "scale" or type_.is_numeric)
    )


def _result_json(type_: Type) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": str(type_.kind), "nullable": type_.nullable}
    return {**found, "scale": type_.scale} if type_.is_numeric else found


def _read_type(content: Mapping[str, Any]) -> Type:
    absent = {"scale": 0, "low": None, "high": None, "codes": None}
    return Type.from_json({**absent, **content})


def _table_json(shelf: Shelf) -> dict[str, Any]:
    type_ = shelf.type
    return {
        "key": list(type_.key),
        "effective": None if type_.effective is None else list(type_.effective),
        "columns": {name: _type_json(one) for name, one in type_.columns.items()},
        "rows": [[written(row[name]) for name in type_.columns] for row in shelf.rows],
    }


def _read_table(name: str, content: Mapping[str, Any]) -> Shelf:
    columns = {column: _read_type(one) for column, one in content["columns"].items()}
    dates = content["effective"]
    type_ = TableType(
        name=name,
        key=tuple(content["key"]),
        columns=columns,
        effective=None if dates is None else (dates[0], dates[1]),
    )
    rows = [
        {column: read(cell, one) for (column, one), cell in zip(columns.items(), row, strict=True)}
        for row in content["rows"]
    ]
    return Shelf.of(type_, rows)


def _key(name: str) -> str:
    return f" {json.dumps(name)}: "


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _spread(value: Mapping[str, Any]) -> str:
    rows = ",\n".join(f"  {json.dumps(name)}: {_compact(one)}" for name, one in value.items())
    return "{\n" + rows + "\n }" if value else "{}"
