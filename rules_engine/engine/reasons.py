"""Reasons: for what the journal takes back or corrects, the rows that came, went or changed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from rules_engine.engine.running import sources_of
from rules_engine.language.monthly import MONTH
from rules_engine.ledger.journal import Change, Facts, Reason, Service
from rules_engine.ledger.journal.reasons import moves_of
from rules_engine.methodology import Period
from rules_engine.pricing.months.priced import PricedMonth
from rules_engine.pricing.months.pricer import price_month
from rules_engine.settlement.deriving import ask, attributed
from rules_engine.settlement.differences import Settling, steps
from rules_engine.settlement.experience import Experience
from rules_engine.settlement.facts import Given, entities
from rules_engine.settlement.rows import Asked, ReadRow, asked_of, read_rows
from rules_engine.settlement.settle import periods_of

if TYPE_CHECKING:
    from rules_engine.engine.run import Run
    from rules_engine.language.bound import BoundRule
    from rules_engine.settlement.books import Settled

__all__ = ["RunRows"]

_Key = tuple[str, ...]


@frozen(kw_only=True)
class _Sheet:
    """What one rule read in one period."""

    rule: "BoundRule"
    period: Period
    asked: tuple[Asked, ...]
    found: Experience
    entities: Mapping[_Key, Mapping[str, Any]]
    rows: Mapping[_Key, Sequence[ReadRow]]
    settled: Mapping[_Key, "Settled"]


@define
class RunRows:
    """The rows that the settlements of a run read, looked up while it is posted.

    Attributes:
        run: The run; its tables must be open.
    """

    run: "Run"
    _given: Given = field(init=False)
    _sheet: _Sheet | None = field(default=None, init=False)

    @_given.default
    def _open(self) -> Given:
        return Given(self.run.connection)

    def facts(self, rule: str, service: Service, key: _Key) -> Facts:
        """Give what a settlement read, as the journal keeps it."""
        sheet = self._of(rule, service)
        row = self._entity(sheet, key)
        return {
            "entity": None if row is None else _written(row),
            "rows": [_written(one) for one in sheet.rows.get(key, ())],
        }

    def explain(self, change: Change) -> Iterator[Reason]:
        """Name the rows that made a difference, and what each of them moved."""
        posting = change.after
        sheet = self._of(posting.rule, posting.service)
        now = self._entity(sheet, posting.grain)
        was = _read(change.facts["entity"]) if change.facts and change.facts["entity"] else None
        if sheet.rule.declared.for_each is not None and (now is None) != (was is None):
            yield _whole(change, was, now)
            return
        if was is not None and was != now and self._paid_by(sheet, was, change):
            yield _whole(change, was, now)
            return
        settled = sheet.settled.get(posting.grain)
        if settled is None or change.facts is None:
            return
        settling = Settling(
            ruleset=self.run.ruleset.bound,
            rule=sheet.rule,
            period=sheet.period,
            key=posting.grain,
            entity=sheet.entities.get(posting.grain, {}),
            opening=settled.opening,
            known_at=self._known_at(),
            asked=sheet.asked,
            found=sheet.found,
            given=self._given,
            books=self.run.books,
        )
        before = [_read(one) for one in change.facts["rows"]]
        both = None if was is None or now is None else (was, now)
        for step in steps(settling, before, sheet.rows.get(posting.grain, ()), both):
            yield _reason(step.before, step.after, step.moves)

    def _paid_by(self, sheet: _Sheet, was: ReadRow, change: Change) -> bool:
        """Whether the member-month as it was, priced today, is all that the version before paid.

        Then nothing but the row has changed what it is paid: no rate, and nothing beside it.
        """
        contract = self.run.ruleset
        if was.relation != MONTH or not sheet.rule.months:
            return False
        row = {**dict.fromkeys(contract.needs.month), **was.values}
        given = self.run.given(str(row["person_id"])) if contract.needs.given else None
        paid: dict[str, int] = {}
        for one in price_month(contract.month_pricers, row, given):
            if one.rule == sheet.rule.id:
                if not isinstance(one, PricedMonth):
                    return False
                cents = int(Fraction(one.paid) * 100)
                paid = {one.payee: cents} if cents else {}
        before = moves_of(change.before)
        # Beside whoever is paid there is who pays it, and nobody else.
        return len(before) == 2 * len(paid) and paid.items() <= before.items()

    def _known_at(self) -> date | None:
        said = self.run.options.get("known_at")
        return None if said is None else date.fromisoformat(said)

    def _of(self, rule: str, service: Service) -> _Sheet:
        """Give what a rule read in a period; the last one is at hand."""
        sheet = self._sheet
        if (
            sheet is None
            or sheet.rule.id != rule
            or (sheet.period.first, sheet.period.last) != (service.first, service.last)
        ):
            sheet = self._sheet = self._made(rule, service)
        return sheet

    def _made(self, name: str, service: Service) -> _Sheet:
        run, bound = self.run, self.run.ruleset.bound
        rule = bound.rule(name)
        period = next(p for p in periods_of(bound, rule) if p.first == service.first)
        sources = attributed(bound, rule, sources_of(run.ruleset, run.dataset, run.query))
        asked = asked_of(bound, rule, sources)
        found = Experience()
        ask(run.connection, rule, period, found)
        width = 0
        if rule.declared.for_each is not None:
            width = len(bound.declaration.entities[rule.declared.for_each].key)
        rows: dict[_Key, list[ReadRow]] = {}
        for one in asked:
            for row in read_rows(run.connection, bound, one, sources[one.relation], period):
                rows.setdefault(tuple(str(v) for _, v in row.keys[:width]), []).append(row)
        return _Sheet(
            rule=rule,
            period=period,
            asked=asked,
            found=found,
            entities=dict(entities(bound, rule, self._given, period)),
            rows=rows,
            settled={
                one.key: one
                for one in run.settlements
                if one.rule == name and one.period.first == service.first
            },
        )

    def _entity(self, sheet: _Sheet, key: _Key) -> ReadRow | None:
        """Give the row of an entity; None of the contract, or where it has none."""
        values = sheet.entities.get(key)
        declared = self.run.ruleset.bound.declaration.entities.get(
            sheet.rule.declared.for_each or ""
        )
        if not values or declared is None:
            return None
        texts = {name: _text(value) for name, value in values.items() if value is not None}
        names = [*declared.key, *([declared.period] if declared.period else [])]
        return ReadRow(
            relation=declared.table,
            keys=(),
            name=tuple((name, texts[name]) for name in names if name in texts),
            values=texts,
        )


def _whole(change: Change, was: ReadRow | None, now: ReadRow | None) -> Reason:
    """Say that an entity's own row came or went, and with it all that it is paid."""
    after, before = moves_of(change.after.transfers), moves_of(change.before)
    moves = {a: after.get(a, 0) - before.get(a, 0) for a in sorted({*after, *before})}
    return _reason(was, now, {account: cents for account, cents in moves.items() if cents})


def _reason(was: ReadRow | None, now: ReadRow | None, moves: Mapping[str, int]) -> Reason:
    row = now or was
    if row is None:
        msg = "a reason is a row"
        raise ValueError(msg)
    return Reason(
        change="changed" if was and now else "came" if now else "went",
        table=row.relation,
        row={**{k: v for k, v in row.keys if v is not None}, **dict(row.name)},
        before={} if was is None else dict(was.values),
        after={} if now is None else dict(now.values),
        moves=moves,
    )


def _written(row: ReadRow) -> list[Any]:
    return [
        row.relation,
        [list(k) for k in row.keys],
        [list(n) for n in row.name],
        dict(row.values),
    ]


def _read(written: Sequence[Any]) -> ReadRow:
    relation, keys, name, values = written
    return ReadRow(
        relation=relation,
        keys=tuple((k, v) for k, v in keys),
        name=tuple((k, v) for k, v in name),
        values=values,
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    written = f"{value:f}" if hasattr(value, "as_tuple") else str(value)
    return (
        written.rstrip("0").rstrip(".")
        if hasattr(value, "as_tuple") and "." in written
        else written
    )
