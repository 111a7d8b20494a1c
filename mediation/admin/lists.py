"""Lists of what mediations came to."""

from django.contrib.admin.views.main import ChangeList


class MediatedList(ChangeList):
    """A list whose reader may see few of very many rows: then these are named by key. See
    OfMediatedCaseQuerySet.few_visible_to."""

    def get_queryset(self, request, exclude_parameters=None):
        few = self.model.objects.few_visible_to(request.user)
        if few is not None:
            self.root_queryset = self.root_queryset.filter(pk__in=few)
        return super().get_queryset(request, exclude_parameters)
