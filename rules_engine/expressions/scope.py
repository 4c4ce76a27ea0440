"""What the names of an expression may mean where it stands."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from attrs import Factory, frozen

from rules_engine.expressions.tree import Expression
from rules_engine.expressions.types import TableType, Type

__all__ = ["Parameter", "Relation", "Scope"]


@frozen(kw_only=True)
class Parameter:
    """A number, text or date that the contract names.

    Attributes:
        type: Its declared type.
        values: First day and value, in the order of days; one entry without a day where it never
            changes.
    """

    type: Type
    values: tuple[tuple[date | None, Decimal | str | date | bool], ...]


@frozen(kw_only=True)
class Relation:
    """Rows that an aggregate may range over.

    Attributes:
        name: What expressions call it.
        grain: What one of its rows is.
        columns: Type of each column.
    """

    name: str
    grain: str
    columns: Mapping[str, Type]


def _unknown(_table: str, _column: str) -> frozenset[Decimal] | None:
    return None


@frozen(kw_only=True)
class Scope:
    """The names around an expression.

    Attributes:
        profile: `row` (closure and SQL), `settlement` (exact rationals) or `mapping` (texts of a
            file).
        grain: What one evaluation is about: `line`, `member_month`, an entity, `contract`.
        columns: Columns of the row.
        stages: Amounts of the waterfall that this step sees.
        later: Amounts of the waterfall that other steps see and this one does not.
        tables: Tables that `lookup` and `has` may read.
        parameters: The contract's own numbers.
        entity: Name and columns of the entity a rule runs for.
        outputs: Outputs of other rules at this grain or a coarser one: rule → name → type.
        finer: Outputs at a finer grain: rule → its grain; they need an aggregate.
        relations: What aggregates may range over.
        not_null: Columns proven not null by the rule's condition.
        locals: Names that stand for an expression checked before (a methodology's own terms).
        of_claim: Whether functions over the lines of a claim, and running sums, may stand here.
        occurring: Gives the numbers in a column of a table of the ruleset; None where nobody knows.
    """

    profile: str = "row"
    grain: str = "line"
    columns: Mapping[str, Type] = Factory(dict)
    stages: Mapping[str, Type] = Factory(dict)
    later: frozenset[str] = frozenset()
    tables: Mapping[str, TableType] = Factory(dict)
    parameters: Mapping[str, Parameter] = Factory(dict)
    entity: tuple[str, Mapping[str, Type]] | None = None
    outputs: Mapping[str, Mapping[str, Type]] = Factory(dict)
    finer: Mapping[str, str] = Factory(dict)
    relations: Mapping[str, Relation] = Factory(dict)
    not_null: frozenset[str] = frozenset()
    locals: Mapping[str, Expression] = Factory(dict)
    of_claim: bool = False
    occurring: Callable[[str, str], frozenset[Decimal] | None] = _unknown
