"""Explanations of entities: shares of any key, and dated terms, lead to what they read."""

from fractions import Fraction
from pathlib import Path
from typing import Final

from rules_engine import Engine
from rules_engine.expressions.tree import Dated, Lookup, Ref, walk
from rules_engine.methodology import Worksheet
from rules_engine.methodology.explanation import tree_of

RULESET: Final = Path(__file__).parents[2] / "rulesets" / "medicare-shared-savings" / "ruleset.yaml"


def test_a_share_whose_name_is_quoted_leads_to_its_parts() -> None:
    """A key such as 2024/A1 is no word of a formula; the tree goes on below it all the same."""
    sheet = Worksheet()
    sheet.take("share_2024/A1_exact", Fraction(5), formula="5", unit="money")
    sheet.let("share_2024/A1", '"share_2024/A1_exact"')
    (child,) = tree_of(sheet.steps, "share_2024/A1").children
    assert child.name == "share_2024/A1_exact"


def test_what_a_dated_term_reads_is_named_as_it_is_written() -> None:
    """Every name and lookup of a later entry is found at its place in the text of the whole."""
    (rule,) = Engine().load(RULESET).rules
    dated = [f for f in rule.formulas if isinstance(f.expression, Dated)]
    assert dated
    for formula in dated:
        for node in walk(formula.expression):
            written = formula.text[node.start : node.end]
            if isinstance(node, Ref):
                assert written == f"aco.{node.name}"
            elif isinstance(node, Lookup):
                assert written.startswith(f"lookup({node.table}.{node.column}")
