"""Lists of what mediations came to."""


class MediatedLists:
    """Whose reader may see few of very many rows. See OfMediatedCaseQuerySet.listed_for."""

    def scoped(self, request):
        of_list = f"{self.opts.app_label}_{self.opts.model_name}_changelist"
        if getattr(request.resolver_match, "url_name", "") == of_list:
            return self.model.objects.listed_for(request.user)
        return self.of_page(request)

    def of_page(self, request):
        """The rows of which the user opens a page."""
        return super().scoped(request)
