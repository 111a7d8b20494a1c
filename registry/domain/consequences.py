"""What follows in the apps above when reference data changes: asked before, carried out with the change."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol


class Consequence(Protocol):
    """What one app says: how many of its rows move, in words and as JSON."""

    moved: int

    def sentences(self) -> Iterable[str]: ...

    def as_json(self) -> dict: ...


# Apps above add a function of what has changed (the keys by data set): with `write` it carries the consequence out, in
# the transaction of the change and in the name of `actor`, without it only says what would follow. None: nothing does.
CONSEQUENCES: list[Callable[..., Consequence | None]] = []


def consequences(changed: Mapping[str, Collection[str]], *, write: bool, actor=None) -> list[Consequence]:
    """What follows, or with `write` has followed, in all apps."""
    found = (follow(changed, write=write, actor=actor) for follow in CONSEQUENCES)
    return [consequence for consequence in found if consequence is not None]
