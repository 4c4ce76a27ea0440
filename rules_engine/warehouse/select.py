"""SELECTs and named steps in another dialect."""

from collections.abc import Mapping
from typing import Final

from attrs import evolve
from sqlglot import exp, parse_one

from rules_engine.warehouse.choices import aligned
from rules_engine.warehouse.target import Target
from rules_engine.warehouse.term import Column, InexactError, Term, shown, whole_literal
from rules_engine.warehouse.translate import Translator

__all__ = ["Columns", "select"]

Columns = Mapping[str, Column]
"""Columns of one row source, by name and in order."""

_PARTS: Final = frozenset({"expressions", "from_", "joins", "where", "kind"})


def select(
    sql: str, relations: Mapping[str, Columns], target: Target, *, is_final: bool = False
) -> tuple[exp.Expr, Columns]:
    """Translate a SELECT, or a UNION ALL of several.

    Args:
        sql: Its text, in DuckDB's dialect.
        relations: Columns of the tables and steps that it reads.
        target: The other dialect.
        is_final: Whether the widths that are written are those of the result.

    Returns:
        The translated tree, and what its columns are.

    Raises:
        InexactError: A part of it is not known to be the same in the other dialect.
    """
    return _query(parse_one(sql, read="duckdb"), relations, target, is_final=is_final)


def _query(
    node: exp.Expr, relations: Mapping[str, Columns], target: Target, *, is_final: bool
) -> tuple[exp.Expr, Columns]:
    if isinstance(node, exp.Union):
        if node.args.get("distinct"):
            msg = "a UNION that drops rows"
            raise InexactError(msg)
        left, columns = _query(node.this, relations, target, is_final=is_final)
        right, others = _query(node.expression, relations, target, is_final=is_final)
        return exp.Union(this=left, expression=right, distinct=False), _united(
            columns, others, target
        )
    if not isinstance(node, exp.Select):
        msg = f"{type(node).__name__} is no SELECT"
        raise InexactError(msg)
    unknown = [name for name, value in node.args.items() if value and name not in _PARTS]
    if unknown:
        msg = f"no exact translation of {', '.join(unknown)} is known"
        raise InexactError(msg)
    tables = [] if node.args.get("from_") is None else [node.args["from_"].this]
    joins = node.args.get("joins") or []
    sources = [_source(table, relations, target) for table in tables]
    joined = [_source(join.this, relations, target) for join in joins]
    scope = {source.alias_or_name: columns for source, columns in (*sources, *joined)}
    translator = Translator(target, scope, is_final=is_final)
    made = exp.Select(
        expressions=[],
        from_=exp.From(this=sources[0][0]) if sources else None,
        joins=[
            _join(join, source, translator) for join, (source, _) in zip(joins, joined, strict=True)
        ],
    )
    columns = {}
    for projection in node.expressions:
        name = projection.alias_or_name
        term = _projected(translator, projection)
        columns[name] = evolve(term.about, base=False)
        made.append("expressions", _named(projection, term))
    where = node.args.get("where")
    if where is not None:
        made.set("where", exp.Where(this=translator.term(where.this).node))
    return made, columns


def _source(
    table: exp.Expr, relations: Mapping[str, Columns], target: Target
) -> tuple[exp.Expr, Columns]:
    """Translate a table, or what is made in its place: rows written out, or another SELECT."""
    match table:
        case exp.Table() if table.name in relations:
            return table.copy(), relations[table.name]
        case exp.Values():
            return _values(table, target)
        case exp.Subquery(this=exp.Select() as inner):
            names = [column.name for column in table.args["alias"].columns]
            if names:
                return _nothing(table, inner, names)
            made, columns = _query(inner, relations, target, is_final=False)
            alias = exp.TableAlias(this=table.args["alias"].this.copy())
            return exp.Subquery(this=made, alias=alias), columns
    msg = f"{shown(table)} is no table or step that is known"
    raise InexactError(msg)


def _values(table: exp.Values, target: Target) -> tuple[exp.Expr, Columns]:
    translator = Translator(target, {})
    names = [column.name for column in table.args["alias"].columns]
    cells = list(zip(*(row.expressions for row in table.expressions), strict=True))
    aligned_cells = [aligned(translator, translator.terms(column)) for column in cells]
    columns = {name: about for name, (_, about) in zip(names, aligned_cells, strict=True)}
    rows = zip(*([term.node for term in terms] for terms, _ in aligned_cells), strict=True)
    tuples = [exp.Tuple(expressions=list(row)) for row in rows]
    return exp.Values(expressions=tuples, alias=table.args["alias"].copy()), columns


def _nothing(table: exp.Subquery, inner: exp.Select, names: list[str]) -> tuple[exp.Expr, Columns]:
    """Translate a SELECT that gives no rows; not every database has WHERE without FROM."""
    where = inner.args.get("where")
    if inner.args.get("from_") or where is None or where.this != exp.false():
        msg = f"{shown(table)} is no table or step that is known"
        raise InexactError(msg)
    zero = whole_literal(0)
    named = [exp.alias_(zero.node.copy(), name) for name in names]
    none = exp.Select(expressions=named, limit=exp.Limit(expression=exp.Literal.number(0)))
    alias = exp.TableAlias(this=table.args["alias"].this.copy())
    return exp.Subquery(this=none, alias=alias), dict.fromkeys(names, zero.about)


def _join(join: exp.Join, source: exp.Expr, translator: Translator) -> exp.Join:
    if join.side != "LEFT" or join.kind or join.args.get("on") is None:
        msg = f"{shown(join)}: only LEFT JOIN … ON … is translated"
        raise InexactError(msg)
    condition = translator.term(join.args["on"]).node
    return exp.Join(this=source, side="LEFT", on=condition)


def _projected(translator: Translator, projection: exp.Expr) -> Term:
    term = translator.term(projection.unalias())
    if term.sort == "null":
        # Some databases take a bare null for a text.
        node = exp.Cast(this=exp.Null(), to=exp.DataType.build("INT"))
        return Term(node=node, about=term.about)
    return term


def _named(projection: exp.Expr, term: Term) -> exp.Expr:
    bare = isinstance(term.node, exp.Column) and term.node.name == projection.alias_or_name
    if bare:
        return term.node
    alias = projection.args.get("alias") or exp.to_identifier(
        projection.alias_or_name, quoted=projection.this.quoted
    )
    return exp.Alias(this=term.node, alias=alias.copy())


def _united(left: Columns, right: Columns, target: Target) -> Columns:
    found: dict[str, Column] = {}
    for (name, a), b in zip(left.items(), right.values(), strict=True):
        if a.sort != "number" or b.sort != "number":
            if b.sort not in {a.sort, "null"} and a.sort != "null":
                msg = f"a UNION of {a.sort} and {b.sort}"
                raise InexactError(msg)
            found[name] = b if a.sort == "null" else a
            continue
        _, about = aligned(Translator(target, {}), [Term(node=exp.Null(), about=c) for c in (a, b)])
        if a.stored is not None and b.stored is not None and a.stored.scale != b.stored.scale:
            msg = f"a UNION of numbers of {a.stored.scale} and {b.stored.scale} places"
            raise InexactError(msg)
        found[name] = about
    return found
