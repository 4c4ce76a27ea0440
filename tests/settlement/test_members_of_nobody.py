"""Members of somebody who is no entity: their money is not dropped without a word."""

from datetime import date
from pathlib import Path
from typing import Final

from rules_engine import Engine

CHOSEN: Final = """
ruleset: chosen
title: Members choose their practice
version: "1"
effective: {from: 2026-01-01, through: 2026-12-31}
currency: USD
rounding: {to: 0.01, mode: half_up}
period: {length: year}
parties: {plan: payer}
entities:
  practice: {table: practice, key: [practice_id], role: provider, members: assignment_member}
tables:
  practice: {key: [practice_id], columns: {practice_id: code, name: text}}
  choice: {key: [person_id], columns: {person_id: code, practice_id: code}}
parameters:
  budget: {type: money, value: 300.00}
rules:
  - id: assignment
    methodology: attribution
    source: exhibit A
    terms:
      as: practice_id
      steps:
        - step: voluntary
          stated: >-
            case when has(choice, person_id) then lookup(choice.practice_id, person_id) end
  - id: savings
    methodology: gain_loss_sharing
    for_each: practice
    source: exhibit B
    terms:
      revenue: {benchmark: count(member_month) * budget}
      expenditure: {care: sum(medical_claim.charge_amount)}
      gain: {share: equal, among: [practice]}
      loss: {share: equal, among: [plan]}
"""


def _warnings(folder: Path, *chosen: str) -> list[str]:
    """Settle a year in which persons have chosen practices; p1 alone is an entity."""
    file = folder / "ruleset.yaml"
    file.write_text(CHOSEN, encoding="utf-8")
    persons = {f"m{number}": practice for number, practice in enumerate(chosen)}
    data = {
        "practice": [{"practice_id": "p1", "name": "Elm"}],
        "choice": [{"person_id": m, "practice_id": p} for m, p in persons.items()],
        "member_month": [
            {"person_id": m, "month": date(2026, 1, 1), "fraction": 1} for m in persons
        ],
        "medical_claim": [],
    }
    with Engine().load(file).run(data, mappings=()) as run:
        return list(run.warnings)


def test_persons_of_somebody_who_is_no_entity_are_said(tmp_path: Path) -> None:
    """Two of three persons chose p9, which has no row."""
    (warning,) = _warnings(tmp_path, "p1", "p9", "p9")
    assert warning == (
        "2 persons of assignment_member in 2026 belong to p9, which is no practice of practice;"
        " savings counts none of their rows"
    )


def test_members_of_entities_are_no_warning(tmp_path: Path) -> None:
    """Everybody belongs to p1."""
    assert _warnings(tmp_path, "p1", "p1") == []
