"""Acts of the case that are done from the page of a session: who mediates an entrusted case sees it nowhere else."""

from django.core.exceptions import PermissionDenied
from django.db.models import prefetch_related_objects
from django.http import Http404
from django.urls import path

from cases.domain import WORKFLOWS
from cases.forms import act_form
from core.workflow import Transition, last_event_id
from mediation.domain import OF_MEDIATION, act_on_mediated, acts_on_mediated, cases_of


class CaseActPages:
    """For an admin that is ActPages, too, and whose model has a `case`."""

    def mediated_case(self, request, obj):
        """The case of the row, where the reader may work on its mediation; else None."""
        return cases_of(request.user).filter(pk=obj.case_id).first()

    def of_case(self, request, obj) -> dict:
        """What the page of the row shows of its case: what was recovered, and the acts that the reader can do."""
        case = self.mediated_case(request, obj)
        if case is None:
            return {}
        prefetch_related_objects([case], "recoveries")
        return {"case_steps": acts_on_mediated(case, request.user), "postings": list(case.recoveries.all())}

    def case_act_urls(self) -> list:
        opts = self.opts
        name = f"{opts.app_label}_{opts.model_name}_case_act"
        return [path("<int:pk>/case/<slug:verb>/", self.admin_site.admin_view(self.case_act_view), name=name)]

    def case_act_view(self, request, pk, verb):
        """One act on the case of a row: its form, and what came of it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        obj = self.get_queryset(request).filter(pk=pk).first()
        case = obj and self.mediated_case(request, obj)
        if case is None or verb not in OF_MEDIATION:
            raise Http404
        step = WORKFLOWS[case.kind][verb]
        return self.act_page(
            request, obj, step, why_not=lambda step: step.why_not(case, request.user),
            form_of=lambda refused="": self._case_form(request, step, case, refused),
            act=lambda form: act_on_mediated(
                case, verb, actor=request.user, seen=form.cleaned_data["seen"], **form.act_data()
            ),
        )  # fmt: skip

    @staticmethod
    def _case_form(request, step: Transition, case, refused: str):
        data = request.POST if request.method == "POST" else None
        form = act_form(step, user=request.user, case=case, data=data, initial={"seen": last_event_id(case)})
        if refused:
            form.add_error(None, refused)
        return form
