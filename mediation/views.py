"""What the portal's pages show of mediation."""

from django.shortcuts import get_object_or_404, render
from django.views import View

from cases.enums import MEDIATED_STATES
from cases.models import Case
from cases.tables import STATE_TONES
from cases.views.opened_from import opened_from
from core.views import ScopedMixin
from mediation.models import JudicialConfirmation


class CaseMediation(ScopedMixin, View):
    """The sessions of a case and to whom its mediation is entrusted: a page, and without its frame what the page of the
    case loads. Whoever sees the case sees them, minutes apart: these stand in the session."""

    model = Case
    permission_required = "cases.view_case"

    def get(self, request, number):
        case = get_object_or_404(self.get_queryset(), number=number)
        user = request.user
        opens = user.is_staff and user.has_perm("mediation.view_session")
        sessions = list(case.sessions.select_related("mediator", "room", "agency").order_by("period", "pk"))
        own = set(user.agency.ids_within) if opens and user.agency_id else set()
        return render(request, "mediation/_case.html" if request.htmx else "mediation/case.html", {
            "case": case,
            "tone": STATE_TONES.get(case.state, "grey"),
            # one's own are opened; those of a body that a case is entrusted to are its own business
            "rows": [(session, opens and (user.is_superuser or session.agency_id in own)) for session in sessions],
            "entrusted": case.entrustments.filter(ended_at__isnull=True).select_related("agency").first(),
            "may_schedule": user.is_staff and user.has_perm("mediation.add_session") and case.state in MEDIATED_STATES,
            **confirmation_of(case, user),
            **opened_from(request),
        })  # fmt: skip


def confirmation_of(case: Case, user) -> dict:
    """The latest judicial confirmation of the case's agreement, for whoever sees the case; opened by those who keep it."""
    found = JudicialConfirmation.objects.filter(agreement__case=case).select_related("agreement", "court").first()
    opens = user.is_staff and found and JudicialConfirmation.objects.visible_to(user).filter(pk=found.pk).exists()
    return {"confirmation": found, "opens_confirmation": opens}
