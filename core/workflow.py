"""A state field, a table of verbs, and the only code that moves one to the other.

A model with a workflow has `state`, `events` (append-only: verb, before, after, actor, at, note, data) and a manager
with `visible_to(user)`.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from core.exceptions import DomainError, TransitionNotAllowed
from core.language import listed


@dataclass
class Act:
    """One verb on one locked row: what was given, and what it changes. `changes` are written with the new state;
    `facts` go into the event beside the data."""

    obj: Any
    verb: str
    actor: Any
    now: dt.datetime
    data: dict[str, Any]
    changes: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Transition:
    """A verb: from which states, into which one (None: the state stays), with which permission (None: what time brings
    about and nobody does).

    `needs` and `takes` name the data that must and that may be given. `stamps` are the time fields that record when
    the target was reached. `guard(obj, user)` says why the verb cannot be used now ("": it can); `effect(act)` does
    what the verb does besides. `bulk`: it makes sense on many rows with the same data.
    """

    verb: str
    label: Any
    sources: tuple[str, ...]
    target: str | None
    permission: str | None
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ("note",)
    stamps: tuple[str, ...] = ()
    guard: Callable[[Any, Any], str] | None = None
    effect: Callable[[Act], None] | None = None
    bulk: bool = False
    grave: bool = False  # hard to take back: the button is not the first one

    def why_not(self, obj, user) -> str:
        """Why `user` cannot use the verb on `obj` as it is now, in words; empty where he can."""
        if obj.state not in self.sources:
            return _("This act does not apply in the state “%(state)s”.") % {
                "state": obj.get_state_display()
            }
        return self.guard(obj, user) if self.guard else ""


class Workflow:
    """The table of one kind of row."""

    def __init__(self, *transitions: Transition) -> None:
        self._by_verb = {step.verb: step for step in transitions}
        if len(self._by_verb) != len(transitions):
            raise ValueError("a verb stands twice in the table")

    def __iter__(self) -> Iterator[Transition]:
        return iter(self._by_verb.values())

    def __contains__(self, verb: str) -> bool:
        return verb in self._by_verb

    def __getitem__(self, verb: str) -> Transition:
        return self._by_verb[verb]

    def available(self, obj, user) -> list[Transition]:
        """The verbs that `user` can use on `obj` now, in the order of the table."""
        return [
            step for step in self
            if step.permission and user.has_perm(step.permission) and not step.why_not(obj, user)
        ]  # fmt: skip

    def settle(self, act: Act, step: Transition) -> None:
        """What every verb of the table does, after its own effect; for subclasses."""

    @transaction.atomic
    def apply(
        self, obj: Model, verb: str, *, actor, now: dt.datetime | None = None, seen: int | None = None,
        among: QuerySet | None = None, **data,
    ):
        """Lock the row, check, write state, stamps, effects and event together; returns the event.

        `among`: the rows on which the caller lets the actor work, where these are others than those he sees.

        `seen`: the last event that the actor knew of (0: none). Where another has been written since, nothing is done
        and the message says what it was. Raises PermissionDenied, TransitionNotAllowed or DomainError.
        """
        if verb not in self:
            raise TransitionNotAllowed(_("There is no such act here."))
        step, now = self[verb], now or timezone.now()
        if step.permission and not actor.has_perm(step.permission):
            raise PermissionDenied
        rows = type(obj)._default_manager.visible_to(actor) if among is None else among
        locked = rows.select_for_update(of=("self",)).filter(pk=obj.pk).first()
        if locked is None:
            raise PermissionDenied
        self._check_seen(locked, seen)
        if reason := step.why_not(locked, actor):
            raise TransitionNotAllowed(f"{reason} {_last_act(locked)}".strip())
        act = Act(locked, verb, actor, now, _checked(step, data))
        before = locked.state
        if step.target is not None:
            act.changes["state"] = step.target
        act.changes |= dict.fromkeys(step.stamps, now)
        if step.effect:
            step.effect(act)
        self.settle(act, step)
        for name, value in act.changes.items():
            setattr(locked, name, value)
        if act.changes:
            locked.save(update_fields=list(act.changes))
        event = locked.events.create(
            verb=verb,
            before=before,
            after=locked.state,
            actor=actor,
            at=now,
            note=act.data.get("note", ""),
            data=plain({name: value for name, value in act.data.items() if name != "note"} | act.facts),
        )
        for name, value in act.changes.items():  # only once it holds in the database
            setattr(obj, name, value)
        return event

    @staticmethod
    def _check_seen(locked, seen: int | None) -> None:
        if seen is not None and seen != last_event_id(locked):
            raise TransitionNotAllowed(
                _("Someone else has worked on this since you opened it, so nothing was done.")
                + " "
                + _last_act(locked)
            )


def last_event_id(obj) -> int:
    """The id of the newest event, 0 where there is none: what a form carries to tell what its reader knew."""
    return obj.events.order_by("-pk").values_list("pk", flat=True).first() or 0


def _last_act(obj) -> str:
    event = obj.events.select_related("actor").order_by("-pk").first()
    if event is None:
        return ""
    return _("The last act: %(who)s, %(what)s, %(when)s.") % {
        "who": event.actor.get_full_name() if event.actor else "-",
        "what": event.label,
        "when": f"{timezone.localtime(event.at):%Y-%m-%d %H:%M}",
    }


def _checked(step: Transition, data: dict[str, Any]) -> dict[str, Any]:
    """The data without empty values. Raises DomainError where one that is needed is missing."""
    if unknown := data.keys() - {*step.needs, *step.takes}:
        raise TypeError(f"{step.verb} takes no {', '.join(sorted(unknown))}")
    given = {name: value for name, value in data.items() if value not in (None, "", [])}
    for name, value in given.items():
        if isinstance(value, str) and "\x00" in value:
            raise DomainError(_("The text contains a character that cannot be stored."))
        given[name] = value.strip() if isinstance(value, str) else value
    missing = [name for name in step.needs if given.get(name) in (None, "", False)]
    if missing:
        raise DomainError(_("Missing: %(names)s.") % {"names": listed(missing)})
    return given


def plain(data: dict[str, Any]) -> dict[str, Any]:
    """Values as JSON keeps them: rows by their key, dates as ISO text, amounts as text."""
    return {name: _plain_value(value) for name, value in data.items()}


def _plain_value(value):
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (list, tuple, QuerySet)):
        return [_plain_value(item) for item in value]
    return value
