"""The hooks that a distribution may implement; few and permanent."""

from typing import Any, Final

import pluggy

from rules_engine.methodology.record import Methodology

__all__ = ["GROUP", "hookimpl", "hookspec"]

GROUP: Final = "rules_engine"
"""Name of the entry-point group, and of the pluggy project."""

hookspec: Final = pluggy.HookspecMarker(GROUP)
hookimpl: Final = pluggy.HookimplMarker(GROUP)
"""Marks a plugin's function as the implementation of a hook."""


@hookspec
def provide_methodology() -> Methodology[Any]:  # type: ignore[empty-body]  # a hook specification has no body
    """Offer one payment methodology to the engine.

    Called once, when an engine is opened. Its name is the entry point's: when two distributions
    claim one name, the engine refuses both and says so.
    """
