import datetime as dt

import django_filters
from django.db.models import Q
from django.db.models.functions import Concat
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.enums import AccessAction, SignInOutcome
from accounts.models import AccessLog, SignIn
from core.filters import ALL, DateFilter, FilterSet, WordFilter


def day_start(day: dt.date) -> dt.datetime:
    """Midnight at the start of a local date."""
    return dt.datetime.combine(day, dt.time.min, timezone.get_default_timezone())


class LogFilterSet(FilterSet):
    """What logs are searched by: a word, and the local dates from `since` to `until`, both included."""

    since = DateFilter(label=_("From date"), method="filter_since")
    until = DateFilter(label=_("To date"), method="filter_until")

    def filter_since(self, queryset, _name, day):
        return queryset.filter(at__gte=day_start(day))

    def filter_until(self, queryset, _name, day):
        return queryset.filter(at__lt=day_start(day + dt.timedelta(days=1)))

    def search(self, queryset, _name, word):
        """Names of people are written without a space between family name and given name."""
        queryset = queryset.alias(full_name=Concat("user__last_name", "user__first_name"))
        return queryset.filter(Q(full_name__icontains=word) | self.further(word))

    def further(self, word: str) -> Q:
        raise NotImplementedError


class SignInFilterSet(LogFilterSet):
    on_phone = ("q", "outcome")

    q = WordFilter(label=_("User"), method="search", placeholder=_("User name, name or address"))
    outcome = django_filters.ChoiceFilter(label=_("Outcome"), choices=SignInOutcome.choices, empty_label=ALL)

    class Meta:
        model = SignIn
        fields = ["q", "outcome", "since", "until"]

    def further(self, word):
        return Q(username__icontains=word) | Q(ip__startswith=word)


class AccessLogFilterSet(LogFilterSet):
    on_phone = ("q", "action")

    q = WordFilter(label=_("User or record"), method="search", placeholder=_("User, name or case number"))
    action = django_filters.ChoiceFilter(label=_("Action"), choices=AccessAction.choices, empty_label=ALL)

    class Meta:
        model = AccessLog
        fields = ["q", "action", "since", "until"]

    def further(self, word):
        return Q(user__username__icontains=word) | Q(target__icontains=word)
