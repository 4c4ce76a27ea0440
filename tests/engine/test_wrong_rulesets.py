"""No ruleset, however wrong, is answered with anything but diagnostics."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules_engine import Engine, Ruleset, RulesetError

ROOT = Path(__file__).resolve().parents[2]
REAL = [
    ROOT / "rulesets" / "vivity" / "ruleset.yaml",
    ROOT / "rulesets" / "medicare-physician-fees" / "ruleset.yaml",
]
# Their cases are not part of validation, and would be most of what is changed.
LINES = [path.read_text(encoding="utf-8").split("\ncases:")[0].splitlines() for path in REAL]
SMALL = """\
ruleset: acme
version: "1"
effective: {from: 2026-01-01, through: 2026-12-31}
currency: USD
rounding: {to: 0.01, mode: half_up}
period: {length: year}
parties: {plan: payer, systems: [north, south]}
parameters:
  discount: {type: rate, values: {2026-01-01: 0.15, 2027-01-01: 0.20}}
rules:
  - id: office
    methodology: fee_schedule
    source: exhibit A
    terms: {allowed: ALLOWED}
  - id: pool
    methodology: gain_loss_sharing
    source: exhibit B
    terms:
      revenue: {premiums: REVENUE}
      expenditure: {care: sum(office.paid)}
      gain: GAIN
      loss: {share: equal, among: [plan, systems]}
"""
ENGINE = Engine()
WORDS = (  # noqa: SIM905  as a list it would be read by nobody
    "charge_amount discount hcpcs_code office.paid pool.result premium sum count least round "
    "lookup has case when then else end and or not is null in between "
    "like ( ) , + - * / = < > <> 1 0.5 "
    "'A' date '2026-01-01' party over peers filter where interpolate power x.y.z \"a\" || true"
).split()
EXPRESSIONS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.dates().map(str), st.text(max_size=12),
    st.decimals(allow_nan=False, allow_infinity=False, places=3),
)  # fmt: skip
GAINS = st.recursive(
    st.one_of(SCALARS.map(repr), st.sampled_from(["equal", "plan", "systems", "discount"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
        st.dictionaries(
            st.sampled_from(["share", "among", "weights", "by", "gate", "rate", "cap", "residual",
                             "plan", "2026-01-01"]), inner, max_size=4,
        ).map(lambda said: "{" + ", ".join(f"{k}: {v}" for k, v in said.items()) + "}"),
    ),
    max_leaves=8,
)  # fmt: skip
MODEST = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def answered(text: str, path: Path) -> None:
    """Validate and load a text: both give diagnostics with places, and nothing else."""
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    found = ENGINE.validate(path)
    assert all(one.location.line >= 1 and one.location.column >= 1 for one in found)
    if any(one.severity == "error" for one in found):
        with pytest.raises(RulesetError) as caught:
            ENGINE.load(path)
        assert set(caught.value.diagnostics) == set(found)
    else:
        assert isinstance(ENGINE.load(path), Ruleset)


@pytest.mark.parametrize("lines", LINES, ids=["vivity", "medicare"])
@MODEST
@given(data=st.data())
def test_a_changed_ruleset_is_answered(
    lines: list[str], data: st.DataObject, tmp_path: Path
) -> None:
    """Lines that are lost, doubled, moved or cut are mistakes of an editor."""
    changed = list(lines)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(changed) - 1))
        other = data.draw(st.integers(0, len(changed) - 1))
        match data.draw(st.sampled_from(["delete", "double", "swap", "cut", "indent", "splice"])):
            case "delete":
                del changed[place]
            case "double":
                changed.insert(other, changed[place])
            case "swap":
                changed[place], changed[other] = changed[other], changed[place]
            case "cut":
                changed[place] = changed[place][: data.draw(st.integers(0, 80))]
            case "indent":
                changed[place] = "  " + changed[place]
            case _:
                key, _, _ = changed[place].partition(":")
                changed[place] = f"{key}: {changed[other].partition(':')[2]}"
    answered("\n".join(changed) + "\n", tmp_path / "ruleset.yaml")


@MODEST
@given(allowed=EXPRESSIONS, revenue=EXPRESSIONS)
def test_any_words_in_a_formula_are_answered(allowed: str, revenue: str, tmp_path: Path) -> None:
    """Every word of the language, in any order."""
    quoted = [text.replace("'", "''") for text in (allowed, revenue)]
    text = SMALL.replace("ALLOWED", f"'{quoted[0]}'").replace("REVENUE", f"'{quoted[1]}'")
    answered(
        text.replace("GAIN", "{share: equal, among: [plan, systems]}"), tmp_path / "ruleset.yaml"
    )


@MODEST
@given(gain=GAINS)
def test_any_terms_are_answered(gain: str, tmp_path: Path) -> None:
    """Terms of any shape."""
    text = SMALL.replace("ALLOWED", "charge_amount").replace("REVENUE", "100.00")
    answered(text.replace("GAIN", gain), tmp_path / "ruleset.yaml")


def test_every_error_of_a_long_ruleset_has_its_place(tmp_path: Path) -> None:
    """Five hundred rules, each fifth with a name that does not exist."""
    head = SMALL.partition("rules:")[0]
    rules = "".join(
        f"  - id: rule_{number}\n    methodology: fee_schedule\n    source: exhibit {number}\n"
        f"    when: hcpcs_code = 'A{number:04}'\n"
        f"    terms: {{allowed: {'no_such_name' if number % 5 == 0 else 'charge_amount'}}}\n"
        for number in range(500)
    )
    path = tmp_path / "ruleset.yaml"
    path.write_text(f"{head}rules:\n{rules}", encoding="utf-8")
    found = ENGINE.validate(path)
    first = head.count("\n") + 6
    assert [one.location.line for one in found] == [first + 25 * step for step in range(100)]
    assert {one.code for one in found} == {"RE403"}
