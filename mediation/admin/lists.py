"""Lists of what mediations came to."""

from django.contrib.admin.views.main import ChangeList


class MediatedList(ChangeList):
    """A list whose reader may see few of very many rows. See OfMediatedCaseQuerySet.narrowing."""

    def get_queryset(self, request, exclude_parameters=None):
        self.root_queryset = self.root_queryset.filter(self.model.objects.narrowing(request.user))
        return super().get_queryset(request, exclude_parameters)
