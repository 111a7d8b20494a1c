from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from accounts.enums import AccessAction, SignInOutcome
from accounts.models import AccessLog, SignIn
from core.tables import Column, StateColumn, Table, TimeColumn

DATA = {
    "name": pgettext_lazy("of a person", "name"),
    "phone": _("phone"),
    "address": _("address"),
    "id_type": _("kind of identity document"),
    "id_number": _("identity number"),
    "rejected rows": _("rejected rows"),
    "texts": _("numbers in the texts"),
}


def data_in_words(fields: str) -> str:
    """The data of a line of the access log: "name, phone" in the language of the page."""
    return pgettext("between items", ", ").join(str(DATA.get(name, name)) for name in fields.split(", "))


def named(user) -> str:
    """A full name with the user name behind it."""
    name = user.get_full_name()
    return name if name == user.username else f"{name} ({user.username})"


class UserColumn(Column):
    """Who it was, by both names."""

    def render(self, value):
        return named(value)


class SignInTable(Table):
    at = TimeColumn(verbose_name=_("Time"), card="aside")
    username = Column(verbose_name=_("User name as entered"), card="title")
    user = UserColumn(verbose_name=_("User"))
    agency = Column(verbose_name=_("Agency"), accessor="user__agency", card="hide", written=False)
    outcome = StateColumn(
        verbose_name=_("Outcome"),
        card="end",
        tones={
            SignInOutcome.SUCCEEDED: "green",
            SignInOutcome.FAILED: "amber",
            SignInOutcome.LOCKED_OUT: "red",
        },
    )
    ip = Column(verbose_name=_("Network address"))
    user_agent = Column(verbose_name=_("Browser"), card="hide", css="clip")

    class Meta(Table.Meta):
        model = SignIn
        fields = ["at", "username", "user", "agency", "outcome", "ip", "user_agent"]


class AccessLogTable(Table):
    at = TimeColumn(verbose_name=_("Time"), card="aside")
    user = UserColumn(verbose_name=_("User"), card="title")
    agency = Column(verbose_name=_("Agency"), accessor="user__agency", card="hide", written=False)
    action = StateColumn(
        verbose_name=_("Action"),
        card="end",
        tones={AccessAction.REVEAL: "blue", AccessAction.EXPORT: "amber", AccessAction.LOOKUP: "blue"},
    )
    target = Column(verbose_name=_("Record"))
    fields = Column(verbose_name=_("Personal data"), written=False)
    reason = Column(verbose_name=_("Reason"), css="clip")
    ip = Column(verbose_name=_("Network address"), card="hide")

    class Meta(Table.Meta):
        model = AccessLog
        fields = ["at", "user", "agency", "action", "target", "fields", "reason", "ip"]

    def render_fields(self, value):
        return data_in_words(value)
