"""A preview of the register as the public would see it, for whoever keeps or supervises it. Off unless an installation
says otherwise: publishing is a decision of its own."""

from django.conf import settings
from django.http import Http404
from django.views.generic import TemplateView

from core.views import ScopedMixin
from pledges.public import SMALL, public_pledges, units_by_district

NEWEST = 50


class PublicRegister(ScopedMixin, TemplateView):
    permission_required = "pledges.view_pledge"
    template_name = "pledges/public.html"

    def get(self, request, *args, **kwargs):
        if not settings.PUBLIC_REGISTER_PREVIEW:
            raise Http404
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        types, districts = units_by_district()
        newest = public_pledges().select_related("premises__merchant", "premises__region", "type")[:NEWEST]
        return super().get_context_data(types=types, districts=districts, newest=newest, small=SMALL, **kwargs)
