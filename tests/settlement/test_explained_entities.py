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


CITED: Final = """
ruleset: cited
title: Sections and sources
version: "1"
effective: {from: 2024-01-01, through: 2025-12-31}
currency: USD
rounding: {to: 0.01, mode: half_up}
period: {length: year}
parties: {plan: payer, clinics: [north]}
parameters:
  share: {type: rate, values: {2024-01-01: 0.5, 2025-01-01: 0.6}, source: amendment 2}
  most: {type: money, value: 30.00, unconfirmed: true}
rules:
  - id: savings
    methodology: gain_loss_sharing
    source: exhibit B
    sources: {gain: section 2, gain.cap: section 2(c)}
    terms:
      revenue: {premiums: "100.00"}
      expenditure: {care: "20.00"}
      gain:
        share: equal
        among: [north]
        residual: plan
        rate: {2024-01-01: share / 2, 2025-01-01: share}
        cap: most
      loss: {share: equal, among: [plan]}
"""


def test_a_term_names_its_section_and_what_is_said_of_its_parameters(tmp_path: Path) -> None:
    """The nearest section holds; of a dated term the entry in force is shown."""
    file = tmp_path / "ruleset.yaml"
    file.write_text(CITED, encoding="utf-8")
    with Engine().load(file).run({}, mappings=()) as run:
        early, late = ({step.name: step for step in one.explained} for one in run.settlements)
    assert (early["rate"].formula, late["rate"].formula) == ("share / 2", "share")
    assert late["rate"].note == "section 2; share: amendment 2"
    assert late["cap"].note == "section 2(c); most: unconfirmed"
    assert late["revenue_premiums"].note == ""


def test_a_section_of_no_term_is_refused(tmp_path: Path) -> None:
    """A misspelt path would be shown nowhere."""
    file = tmp_path / "ruleset.yaml"
    file.write_text(CITED.replace("gain.cap:", "gain.cup:"), encoding="utf-8")
    (found,) = Engine().validate(file)
    assert (found.code, found.help) == ("RE201", "did you mean gain.cap?")
