"""A run: data in, lines priced, periods settled, results written."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import Factory, define, field, frozen

from rules_engine.diagnostics import RulesetError, has_errors
from rules_engine.engine.explanation import Explanation, explained_settlement
from rules_engine.expressions import Scope, Site, Sites, TableType
from rules_engine.expressions import check as check_expression
from rules_engine.expressions.sql import SqlWriter, constant, quote, text
from rules_engine.language import load_schema, read_file, validate
from rules_engine.language.bind import LINE, shape_of
from rules_engine.ledger import Ledger
from rules_engine.methodology import Period
from rules_engine.pricing.batch import BatchQuery, batch_query
from rules_engine.pricing.given import Given
from rules_engine.settlement.experience import Source
from rules_engine.settlement.settle import Books, Settled, periods_of, settle
from rules_engine.tables.check import DataCheck, check_data
from rules_engine.tables.dataset import Dataset
from rules_engine.tables.mapping import TableMapping, read_mapping
from rules_engine.tables.rejects import Reject

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from rules_engine.engine.ruleset import Ruleset

__all__ = ["Run", "Summary", "check", "run"]

Progress = Callable[[str, int | None, int | None], None]
_DETAILS_MAX: Final = 10_000
_PRICED: Final = "priced_line"


@frozen(kw_only=True)
class Summary:
    """What a run did with the lines.

    Attributes:
        lines: Lines that were read.
        lines_priced: Lines that have a price.
        lines_rejected: Lines that no rule, fee or date prices.
        rows_rejected: Rows of all tables that did not read, lines among them.
        lines_of_other_years: Lines left out because they are of another year than the one asked for.
        charge: Charges of the priced lines, in currency.
        allowed: Their allowed amounts.
        member: What members owe.
        withheld: What is kept back.
        paid: What is paid.
    """

    lines: int
    lines_priced: int
    lines_rejected: int
    rows_rejected: int
    lines_of_other_years: int
    charge: Decimal
    allowed: Decimal
    member: Decimal
    withheld: Decimal
    paid: Decimal


@define(kw_only=True, eq=False)
class Run:
    """The results of one run. It holds the tables open; use it in a `with` statement, or close it.

    Attributes:
        ruleset: What was run.
        dataset: The tables that were read.
        check: Which columns were needed and there, and which rows did not read.
        summary: Counts and totals of the lines.
        books: The settlements and their ledger.
        sites: Why lines are rejected, by the number in the column `reject`.
        query: The SQL that priced the lines.
        out: Folder of the result files, or None.
        files: Result file by its name.
        options: How the run was called.
        warnings: What a reader should know.
    """

    ruleset: "Ruleset"
    dataset: Dataset
    check: DataCheck
    summary: Summary
    books: Books
    sites: Sites
    query: BatchQuery | None
    out: Path | None
    files: dict[str, Path] = Factory(dict)
    options: Mapping[str, Any] = Factory(dict)
    warnings: list[str] = Factory(list)
    _rejects: list[Reject] | None = field(default=None, init=False)

    @property
    def connection(self) -> "DuckDBPyConnection":
        """The DuckDB connection; `priced_line` holds the priced lines."""
        return self.dataset.connection

    @property
    def inputs(self) -> Sequence[Any]:
        """Files that were read, with digests and row counts."""
        return self.dataset.inputs

    @property
    def ledger(self) -> Ledger:
        """All transfers, balanced."""
        return self.books.ledger

    @property
    def settlements(self) -> Sequence[Settled]:
        """Each rule's settlement of each entity and period."""
        return self.books.settled

    @property
    def rejects_count(self) -> int:
        """Rows that did not read and lines without a price."""
        return self.summary.rows_rejected + self.summary.lines_rejected

    def close(self) -> None:
        """Close the tables."""
        self.dataset.close()

    def __enter__(self) -> "Run":
        """Give the run itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the tables."""
        self.close()

    def given(self, person_id: str) -> Given:
        """Give what the batch knew of a member, as `price` takes it."""
        tables = {}
        for table in self.ruleset.needs.given:
            columns = set(self.dataset.tables[table].columns)
            by = "WHERE person_id = ?" if "person_id" in columns else ""
            cursor = self.connection.execute(
                f"SELECT * FROM {quote(table)} {by}", [person_id] if by else []
            )
            names = [column[0] for column in cursor.description]
            tables[table] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return Given(tables)

    def settled(self, rule: str, key: Sequence[str] = (), period: str | None = None) -> Settled:
        """Give one settlement.

        Raises:
            KeyError: There is none, or there are several periods and none is named.
        """
        found = [
            s
            for s in self.settlements
            if s.rule == rule and s.key == tuple(key) and period in {None, s.period.label}
        ]
        if len(found) != 1:
            labels = ", ".join(s.period.label for s in self.settlements if s.rule == rule)
            msg = f"{rule} has {len(found)} settlements here; its periods are {labels or 'none'}"
            raise KeyError(msg)
        return found[0]

    def explain(
        self,
        rule: str,
        *,
        party: str | None = None,
        key: Sequence[str] = (),
        period: str | None = None,
    ) -> Explanation:
        """Say how a rule's result, or a party's share of it, came about.

        Raises:
            KeyError: There is no such settlement or party.
        """
        one = self.settled(rule, key, period)
        return explained_settlement(one.explained, rule, one.period.label, one.source, party)

    def rejects(self) -> list[Reject]:
        """Give every row that did not read and every line without a price."""
        if self._rejects is None:
            self._rejects = [*self.dataset.rejects(), *_line_rejects(self)]
        return self._rejects


def run(  # noqa: PLR0917  Ruleset.run names them
    ruleset: "Ruleset",
    data: Any,
    *,
    out: Path | None,
    labels: tuple[str, ...] | None,
    year: int | None,
    as_year: int | None,
    known_at: date | None,
    mappings: Sequence[str | os.PathLike[str]] | None,
    progress: Progress | None,
) -> Run:
    """Do what `Ruleset.run` says."""
    tell = progress or (lambda _phase, _done, _total: None)
    target = year if as_year is None else as_year
    chosen = _chosen(ruleset, labels, target)
    tell("read", None, None)
    shifted = as_year - year if year is not None and as_year is not None else 0
    dataset = Dataset.open(
        data,
        read_mappings(ruleset, mappings),
        needs=ruleset.needs.tables,
        declared=given_shapes(ruleset),
        years_shifted=shifted,
        months_through=chosen[-1].last if chosen and (labels or target) else None,
        months_read=_months_read(ruleset, chosen),
    )
    try:
        for table in ruleset.bound.tables.values():
            table.store(dataset.connection)
        tell("price", None, None)
        sites = Sites()
        query, others = _price(ruleset, dataset, sites, out, target)
        tell("settle", None, None)
        sources = _sources(ruleset, dataset, query)
        books = settle(
            ruleset.bound,
            dataset.connection,
            sources,
            labels=[p.label for p in chosen],
            known_at=known_at,
        )
        made = Run(
            ruleset=ruleset, dataset=dataset, check=check_data(ruleset.needs.tables, dataset),
            summary=_summary(dataset, query, others), books=books, sites=sites, query=query, out=out,
            options={
                "period": list(labels) if labels is not None else None, "year": year, "as_year": as_year,
                "years_shifted": shifted, "known_at": known_at.isoformat() if known_at else None,
            },
            warnings=_warnings(ruleset, dataset, books, shifted, others),
        )  # fmt: skip
        if out is not None:
            from rules_engine.engine.results import write_results  # noqa: PLC0415  only runs that write need it

            tell("write", None, None)
            made.files = write_results(made, out)
    except BaseException:
        dataset.close()
        raise
    return made


def check(
    ruleset: "Ruleset", data: Any, mappings: Sequence[str | os.PathLike[str]] | None
) -> DataCheck:
    """Do what `Ruleset.check` says."""
    with Dataset.open(
        data,
        read_mappings(ruleset, mappings),
        needs=ruleset.needs.tables,
        declared=given_shapes(ruleset),
        digests=False,
        strict=False,
    ) as dataset:
        return check_data(ruleset.needs.tables, dataset)


def given_shapes(ruleset: "Ruleset") -> list[TableType]:
    """Give the shapes of the tables that a ruleset declares without a file."""
    tables = ruleset.bound.declaration.tables.values()
    return [shape_of(table) for table in tables if table.file is None]


def _chosen(ruleset: "Ruleset", labels: tuple[str, ...] | None, year: int | None) -> list[Period]:
    """Give the periods to settle, in order: those that are named, or those of the year that is taken.

    Raises:
        ValueError: There is no such period.
    """
    rules = [rule for rule in ruleset.bound.rules if rule.settles]
    found = {p for rule in rules for p in periods_of(ruleset.bound, rule)}
    periods = sorted(found, key=lambda p: (p.last, p.first))
    known = list(dict.fromkeys(p.label for p in periods))
    for label in labels or ():
        if label not in known:
            choices = ", ".join(known) or "it settles none"
            msg = f"{label} is no period of {ruleset.id}; {choices} may stand there"
            raise ValueError(msg)
    if labels is not None:
        periods = [p for p in periods if p.label in labels]
    if year is None or not periods:
        return periods
    # Of a period that reaches into another year, the lines of that year would be missing.
    within = [p for p in periods if p.first.year == year == p.last.year]
    if not within:
        ends = ", ".join(f"{p.label} ({p.first} to {p.last})" for p in periods)
        msg = f"no period of {ruleset.id} lies in {year}; it has {ends}"
        raise ValueError(msg)
    return within


def _months_read(ruleset: "Ruleset", chosen: Sequence[Period]) -> tuple[date, date] | None:
    """Give the first and the last day of what settlement reads; None where prices read more."""
    if not chosen or "member_month" in ruleset.plan.needed_tables:
        return None
    return min(p.first for p in chosen), max(p.last for p in chosen)


def read_mappings(
    ruleset: "Ruleset", given: Sequence[str | os.PathLike[str]] | None
) -> list[TableMapping]:
    """Read the mappings that were given, that the ruleset names, or that lie beside it.

    Raises:
        RulesetError: A mapping is wrong.
    """
    files = [Path(path) for path in given] if given is not None else list(_mapping_files(ruleset))
    schema = load_schema("mapping")
    found, findings = [], []
    for path in files:
        document = read_file(path)
        wrong = validate(document, schema)
        findings += wrong
        if not has_errors(wrong):
            found.append(read_mapping(document))
    if has_errors(findings):
        raise RulesetError(findings)
    return found


def _mapping_files(ruleset: "Ruleset") -> Iterator[Path]:
    folder = ruleset.path.parent
    for name in ruleset.bound.declaration.mappings or ("mappings",):
        place = folder / name
        if place.is_dir():
            yield from sorted(place.glob("*.yaml"))
        elif place.suffix in {".yaml", ".yml"}:
            yield place


def _price(
    ruleset: "Ruleset", dataset: Dataset, sites: Sites, out: Path | None, year: int | None
) -> tuple[BatchQuery | None, int]:
    """Price every line into the table or view `priced_line`; give the query and the lines left out."""
    connection = dataset.connection
    if not ruleset.plan.choosing or LINE not in dataset.tables:
        return None, 0
    present = frozenset(dataset.tables[LINE].columns)
    others = 0
    source = LINE
    if year is not None:
        writer = SqlWriter(
            {},
            Sites(),
            column=lambda ref: f"l.{quote(ref.name)}" if ref.name in present else "NULL",
        )
        day = writer.write(ruleset.plan.row_date)
        source = "medical_claim_of_year"
        kept = f"coalesce(year({day}) = {int(year)}, TRUE)"
        connection.execute(f"CREATE VIEW {source} AS SELECT * FROM {LINE} AS l WHERE {kept}")
        (others,) = _row(connection, f"SELECT count(*) FROM {LINE} AS l WHERE NOT ({kept})")
    query = batch_query(ruleset.plan, sites, present, ruleset.carried, source=source)
    if out is None:
        connection.execute(f"CREATE TABLE {_PRICED} AS {query.sql}")
        return query, others
    out.mkdir(parents=True, exist_ok=True)
    path = out / "lines.parquet"
    rows = query.sql
    if any(rule.step.per == "claim" for rule in ruleset.plan.choosing):
        # Lines that were spread come back in an order that differs from run to run, and so would
        # the digest of the file.
        rows += "\nORDER BY claim_id, claim_line_number"
    connection.execute(f"COPY ({rows}) TO {text(str(path))} (FORMAT parquet)")
    connection.execute(f"CREATE VIEW {_PRICED} AS SELECT * FROM read_parquet({text(str(path))})")
    return query, others


def _summary(dataset: Dataset, query: BatchQuery | None, others: int) -> Summary:
    rejected = sum(found.rows_rejected for found in dataset.inputs)
    zero = Decimal(0)
    counts: tuple[Any, ...] = (0, 0, zero, zero, zero, zero, zero)
    if query is not None:
        priced = "FILTER (WHERE reject IS NULL)"
        counts = _row(
            dataset.connection,
            f"SELECT count(*), count(reject), sum(charge_amount) {priced}, sum(allowed_amount),"
            f" sum(member_amount), sum(withheld_amount), sum(paid_amount) FROM {_PRICED}",
        )
    lines, refused, *amounts = counts
    charge, allowed, member, withheld, paid = (zero if a is None else a for a in amounts)
    return Summary(
        lines=lines, lines_priced=lines - refused, lines_rejected=refused, rows_rejected=rejected,
        lines_of_other_years=others, charge=charge, allowed=allowed, member=member, withheld=withheld, paid=paid,
    )  # fmt: skip


def _row(connection: "DuckDBPyConnection", sql: str) -> tuple[Any, ...]:
    found: tuple[Any, ...] | None = connection.execute(sql).fetchone()
    return found or ()


def _sources(ruleset: "Ruleset", dataset: Dataset, query: BatchQuery | None) -> dict[str, Source]:
    """Say where the rows of each relation are."""
    found: dict[str, Source] = {}
    for name in dataset.tables:
        table = ruleset.bound.given[name]
        row_date = ""
        if table.period_date:
            writer = SqlWriter({}, Sites(), column=lambda ref: f"l.{quote(ref.name)}")
            row_date = writer.write(
                check_expression(table.period_date, Scope(columns=table.columns))
            )
        found[name] = Source(quote(name), row_date)
    if query is None:
        return found
    for rule in ruleset.bound.rules:
        if not rule.steps:
            continue
        if rule.steps[0].sets == "allowed":
            amounts = {name: f"{name}_amount" for name in ("allowed", "withheld", "paid")}
            amounts["member_share"] = "member_amount"
            where = f"p.rule = {text(rule.id)}"
        else:
            amounts = {"amount": query.amounts.get(rule.id, "allowed_amount")}
            where = "p.reject IS NULL"
        named = ", ".join(
            f"p.{quote(column)} AS {quote(name)}"
            for name, column in amounts.items()
            if name in rule.outputs
        )
        others = [c for c in query.columns if c not in rule.outputs]
        columns = ", ".join(f"p.{quote(c)}" for c in others)
        found[rule.id] = Source(
            f"(SELECT {columns}, {named} FROM {_PRICED} AS p WHERE {where})", "l.service_date"
        )
    return found


def _warnings(
    ruleset: "Ruleset", dataset: Dataset, books: Books, shifted: int, others: int
) -> list[str]:
    found = [str(d) for d in dataset.diagnostics if d.severity == "warning"]
    found += books.warnings
    if shifted:
        found.append(f"every date of the data was moved by {shifted:+d} years")
    if others:
        found.append(f"{others:,} lines of other years were left out")
    found += [str(d) for d in ruleset.bound.warnings]
    return found


def _line_rejects(made: Run) -> list[Reject]:
    """Give the lines without a price, with what of the line it is about for the first ten thousand."""
    if made.query is None or not made.summary.lines_rejected:
        return []
    sites = list(made.sites)
    rows = made.connection.execute(
        f"SELECT claim_id, claim_line_number, reject FROM {_PRICED} WHERE reject IS NOT NULL ORDER BY ALL"
    ).fetchall()
    details = _details(made, rows[:_DETAILS_MAX])
    return [
        _reject(sites[number], claim, line, details.get((claim, line)))
        for claim, line, number in rows
    ]


def _reject(site: Site, claim: str, line: int, detail: str | None) -> Reject:
    rule = f"{site.rule}: " if site.rule else ""
    return Reject(
        table=LINE, file=LINE, key=f"claim_id={claim}, claim_line_number={line}", value=detail or None,
        code=site.code, reason=f"{rule}{site.message}",
    )  # fmt: skip


def _details(made: Run, rows: Sequence[tuple[str, int, int]]) -> dict[tuple[str, int], str]:
    """Ask the claim pricer why; it reads the same line and must give the same reason."""
    if made.ruleset.needs.given:
        return {}
    connection = made.connection
    pricer = made.ruleset.pricer
    columns = [
        c for c in made.ruleset.plan.needed_columns if c in made.dataset.tables[LINE].columns
    ]
    names = ", ".join(f"l.{quote(c)}" for c in ("claim_id", "claim_line_number", *columns) if c)
    numbers = sorted({number for _, _, number in rows})
    limit = f"p.reject IN ({', '.join(map(constant_number, numbers))})"
    cursor = connection.execute(
        f"SELECT {names} FROM {LINE} AS l JOIN {_PRICED} AS p USING (claim_id, claim_line_number) "
        f"WHERE {limit} ORDER BY ALL LIMIT {_DETAILS_MAX}"
    )
    heads = [column[0] for column in cursor.description]
    found: dict[tuple[str, int], str] = {}
    for values in cursor.fetchall():
        row = dict(zip(heads, values, strict=True))
        row.setdefault("charge_amount", None)
        refused = pricer.refusal(row)
        if refused is not None:
            found[row["claim_id"], row["claim_line_number"]] = refused.detail
    return found


def constant_number(number: int) -> str:
    """Write a whole number as SQL."""
    return constant(Decimal(number))
