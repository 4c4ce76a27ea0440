"""The methodologies that installed distributions offer, found by entry point alone."""

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

import pluggy
from attrs import frozen

from rules_engine.methodology import hooks
from rules_engine.methodology.record import Methodology

__all__ = ["Host", "Offer", "Problem"]


@frozen
class Offer:
    """A methodology and the distribution it comes from."""

    methodology: Methodology[Any]
    distribution: str


@frozen
class Problem:
    """A name that offers nothing usable, and why.

    It stops only the rulesets that name it.

    Attributes:
        name: The entry point's name.
        distributions: Who declares it.
        why: What went wrong, in one sentence.
    """

    name: str
    distributions: tuple[str, ...]
    why: str


@frozen
class Host:
    """The methodologies of one engine.

    Attributes:
        offers: Usable methodologies by name.
        problems: Names that cannot be used, by name.
        blocked: Names that the caller left out.
    """

    offers: Mapping[str, Offer]
    problems: Mapping[str, Problem]
    blocked: frozenset[str]

    @classmethod
    def discover(
        cls, block: Iterable[str] = (), points: Iterable[EntryPoint] | None = None
    ) -> "Host":
        """Find every methodology of the installed distributions.

        Args:
            block: Entry-point names to leave out.
            points: Entry points to use instead of the installed ones.
        """
        blocked = frozenset(block)
        named: dict[str, list[EntryPoint]] = {}
        found = entry_points(group=hooks.GROUP) if points is None else points
        # One distribution can stand on the path twice; it is still one.
        for point in {(p.name, p.value, _distribution(p)): p for p in found}.values():
            if point.name not in blocked:
                named.setdefault(point.name, []).append(point)
        offers: dict[str, Offer] = {}
        problems: dict[str, Problem] = {}
        for name in sorted(named):
            result = _offer(name, named[name])
            if isinstance(result, Offer):
                offers[name] = result
            else:
                problems[name] = result
        return cls(offers, problems, blocked)


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "an unnamed distribution"


def _offer(name: str, points: list[EntryPoint]) -> Offer | Problem:
    owners = tuple(sorted(_distribution(point) for point in points))
    if len(points) > 1:
        return Problem(
            name,
            owners,
            f"{' and '.join(owners)} both offer {name}; uninstall one, or block the name",
        )
    manager: Final = pluggy.PluginManager(hooks.GROUP)
    manager.add_hookspecs(hooks)
    try:
        manager.register(points[0].load(), name=name)
        manager.check_pending()
        offered = manager.hook.provide_methodology()
    except Exception as error:  # noqa: BLE001  whatever a third party raises is named and stops only its own rules
        return Problem(
            name, owners, f"{name} of {owners[0]} cannot be loaded: {type(error).__name__}: {error}"
        )
    if len(offered) != 1 or not isinstance(offered[0], Methodology):
        return Problem(name, owners, f"{name} of {owners[0]} offers no methodology")
    if offered[0].name != name:
        return Problem(name, owners, f"{owners[0]} declares {name} but offers {offered[0].name}")
    return Offer(offered[0], owners[0])
