from django.db import models
from django.db.models import Q

from core.models import valid_on


class ReferenceQuerySet(models.QuerySet):
    """Reference data is public inside the portal: every user may read it."""

    def visible_to(self, user):
        return self if user.is_authenticated else self.none()


class DatedQuerySet(ReferenceQuerySet):
    def valid_on(self, day):
        return self.filter(valid_on(day))


class AgencyQuerySet(DatedQuerySet):
    def within(self, agency):
        """`agency` and everything below it."""
        return self.filter(path__startswith=agency.path)


class PlatformQuerySet(ReferenceQuerySet):
    def members_on(self, day):
        """Members of the green channel on `day`; the last day of a membership is its first no longer valid one."""
        return self.filter(Q(green_to__isnull=True) | Q(green_to__gt=day), green_from__lte=day)
