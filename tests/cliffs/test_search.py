"""The search: of any payment made of pieces, every fall is found and none is invented."""

from fractions import Fraction

from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from rules_engine.engine.cliffs.path import Decision
from rules_engine.engine.cliffs.search import Found, Point, search

WIDTH = 1_000_000


@frozen
class Piece:
    """From a value of the input on, the payment jumps and then moves by a slope, in cents."""

    at: int
    jump: int
    slope: int


jumps = st.integers(-10_000, 10_000).filter(lambda cents: abs(cents) > 1_500)
# Neighbours that all jump are a steep slope, and no steps.
places = st.integers(1, WIDTH // 10 - 1).map(lambda tens: 10 * tens)
pieces = st.lists(
    st.builds(Piece, at=places, jump=jumps, slope=st.integers(0, 400)),
    max_size=8,
    unique_by=lambda piece: piece.at,
).map(lambda found: sorted(found, key=lambda piece: piece.at))


def payment(made: list[Piece], at: int) -> Fraction:
    """Give what is paid, before rounding: no piece falls but where it begins."""
    paid, before, slope = Fraction(0), 0, 100
    for piece in made:
        if piece.at > at:
            break
        paid += Fraction(slope * (piece.at - before), 100_000) + Fraction(piece.jump, 100)
        before, slope = piece.at, piece.slope
    return paid + Fraction(slope * (at - before), 100_000)


def found(made: list[Piece], *, traced: bool) -> Found:
    """Search a payment; its decisions leave a trace, or none does."""

    def settle(at: int) -> Point:
        path = tuple(
            Decision(("below", (at > piece.at) - (at < piece.at)), Fraction(at - piece.at))
            for piece in made
        )
        cents = Fraction(round(payment(made, at) * 100), 100)
        return Point(at, cents, path if traced else ())

    return search(
        settle,
        (0, WIDTH),
        sign=1,
        tolerance=Fraction(1, 100),
        samples=16,
        points_max=20_000,
    )


@given(pieces)
def test_every_fall_is_found_and_none_is_invented(made: list[Piece]) -> None:
    """Falls stand where a piece begins below the end of the one before, to the smallest step."""
    expected = [p.at for p in made if p.jump < 0]
    falls = found(made, traced=True).falls
    assert [fall.last.at for fall in falls] == expected
    assert all(fall.at_once for fall in falls)


@given(pieces)
def test_every_jump_along_the_promise_is_a_step(made: list[Piece]) -> None:
    """What jumps the right way is listed, and breaks nothing."""
    steps = found(made, traced=True).steps
    assert [step.last.at for step in steps] == [p.at for p in made if p.jump > 0]


@given(st.integers(2, WIDTH - 2), jumps)
def test_a_jump_that_leaves_no_trace_is_followed_by_its_bend(at: int, jump: int) -> None:
    """Code that decides without saying so is met all the same."""
    falls = found([Piece(at, jump, 100)], traced=False).falls
    assert [fall.last.at for fall in falls] == ([at] if jump < 0 else [])


@given(st.integers(1, WIDTH - 1), st.integers(1, 50))
def test_a_fall_little_by_little_is_one_stretch(top: int, slope: int) -> None:
    """A payment that turns within one path falls from its top to the end, with all its dollars."""

    def settle(at: int) -> Point:
        paid = Fraction(slope * (min(at, top) - max(0, at - top)), 100)
        return Point(at, paid, ())

    made = search(
        settle, (0, WIDTH), sign=1, tolerance=Fraction(1, 100), samples=16, points_max=9_999
    )
    lost = sum((fall.size for fall in made.falls), Fraction(0))
    assert abs(lost - Fraction(slope * (WIDTH - top), 100)) <= Fraction(slope * 3, 100)
