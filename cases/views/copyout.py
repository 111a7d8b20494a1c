"""What is to be entered on the national platform, field by field and ready to be copied."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import OuterRef, Prefetch, Subquery
from django.db.models.functions import JSONObject
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import DetailView

from accounts.client import client_ip
from cases.casefile import parties
from cases.copyout import as_text, copy_out
from cases.domain import WORKFLOWS, reveal_party
from cases.domain.reasons import MIN_REASON
from cases.enums import Verb
from cases.forms import RevealForm
from cases.models import Case, Clock, Ground, Party
from cases.views.opened_from import opened_from
from core.exceptions import DomainError
from core.personal_data import PersonalDataError
from core.views import ScopedMixin


@method_decorator(never_cache, name="dispatch")
class CopyOut(ScopedMixin, DetailView):
    """The fields of a case as the national record has them. Personal data is masked; with a reason, and after that is
    in the access log, it stands there in clear, once."""

    model = Case
    permission_required = ("cases.view_case", "cases.handle_case")
    slug_field = slug_url_kwarg = "number"
    template_name = "cases/copy_out.html"
    context_object_name = "case"

    def get_queryset(self):
        grounds = Ground.objects.filter(code=OuterRef("ground"))
        return (
            super().get_queryset()
            .select_related(
                "channel", "region", "receiving", "handling", "merchant__industry", "platform", "category", "problem"
            )
            .annotate(ground_named=Subquery(grounds.values(named=JSONObject(name="name", name_en="name_en"))[:1]))
            .prefetch_related(
                Prefetch("parties", Party.objects.order_by("pk")),
                Prefetch("clocks", Clock.objects.select_related("rule")),
                "recoveries", "supervisions", "references",
            )
        )  # fmt: skip

    def get_context_data(self, **kwargs):
        case, user = self.object, self.request.user
        revealed = kwargs.pop("revealed", None)
        entering = WORKFLOWS[case.kind][Verb.ENTER_NATIONAL]
        fields = copy_out(case, user, revealed=revealed)
        return super().get_context_data(
            fields=fields,
            whole=as_text(fields),
            revealed=revealed is not None,
            can_reveal=any(view.can_reveal for view in parties(case, user)),
            can_enter=user.has_perm(entering.permission) and not entering.why_not(case, user),
            form=kwargs.pop("form", RevealForm()),
            min_reason=MIN_REASON,
            **opened_from(self.request),
            **kwargs,
        )

    def post(self, request, *args, **kwargs):
        self.object = case = self.get_object()
        form, revealed = RevealForm(request.POST), None
        if form.is_valid():
            try:
                revealed = self.reveal(case, form.cleaned_data["reason"])
            except DomainError as error:
                form.add_error("reason", str(error))
            except PersonalDataError:
                form.add_error(None, _("The stored data cannot be read: the key that encrypted it is not configured."))
        return self.render_to_response(self.get_context_data(form=form, revealed=revealed))

    @transaction.atomic
    def reveal(self, case: Case, reason: str) -> dict:
        """The data in clear of each party that the user may reveal, by key; each access is logged."""
        allowed = [view.party for view in parties(case, self.request.user) if view.can_reveal]
        if not allowed:
            raise PermissionDenied
        ip = client_ip(self.request)
        return {party.pk: reveal_party(party, actor=self.request.user, reason=reason, ip=ip) for party in allowed}
