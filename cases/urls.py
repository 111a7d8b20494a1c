from django.urls import path, register_converter

from cases.views import (
    acts,
    attachments,
    bulk,
    case,
    copyout,
    documents,
    intake,
    lists,
    queue,
    saved,
    signals,
)


class NumberConverter:
    """A case number: what is longer, or has other characters, is no case and is not looked up."""

    regex = "[0-9A-Za-z-]{1,20}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(NumberConverter, "case_number")

app_name = "cases"
urlpatterns = [
    path("", lists.CaseList.as_view(), name="list"),
    path("export/", lists.CaseExport.as_view(), name="export"),
    path("export/personal/", lists.PersonalExport.as_view(), name="export_personal"),
    path("new/", intake.NewCase.as_view(), name="new"),
    path("new/similar/", intake.Similar.as_view(), name="similar"),
    path("merchants/", intake.Merchants.as_view(), name="merchants"),
    path("queue/", queue.WorkQueue.as_view(), name="queue"),
    path("recoveries/", lists.RecoveryList.as_view(), name="recoveries"),
    path("recoveries/export/", lists.RecoveryExport.as_view(), name="recoveries_export"),
    path("saved/", saved.SavedFilters.as_view(), name="saved"),
    path("saved/<int:pk>/rename/", saved.RenameFilter.as_view(), name="saved_rename"),
    path("saved/<int:pk>/share/", saved.ShareFilter.as_view(), name="saved_share"),
    path("saved/<int:pk>/delete/", saved.DeleteFilter.as_view(), name="saved_delete"),
    path("saved/<slug:name>/save/", saved.SaveFilter.as_view(), name="save_filter"),
    path("columns/<slug:name>/", saved.Columns.as_view(), name="columns"),
    path("bulk/", bulk.BulkList.as_view(), name="bulk_list"),
    path("bulk/start/", bulk.StartBulk.as_view(), name="bulk_start"),
    path("bulk/<int:pk>/", bulk.BulkDetail.as_view(), name="bulk"),
    path("bulk/<int:pk>/confirm/", bulk.ConfirmBulk.as_view(), name="bulk_confirm"),
    path("bulk/<int:pk>/export/", bulk.BulkExport.as_view(), name="bulk_export"),
    path("bulk/<int:pk>/cancel/", bulk.CancelBulk.as_view(), name="bulk_cancel"),
    path("bulk/<int:pk>/again/", bulk.ChooseAgain.as_view(), name="bulk_again"),
    path("<case_number:number>/", case.CaseDetail.as_view(), name="detail"),
    path("<case_number:number>/copy-out/", copyout.CopyOut.as_view(), name="copy_out"),
    path("<case_number:number>/next/", case.NeighbourCase.as_view(), {"way": "next"}, name="next"),
    path("<case_number:number>/previous/", case.NeighbourCase.as_view(), {"way": "previous"}, name="previous"),
    path("<case_number:number>/act/<slug:verb>/", acts.ActPage.as_view(), name="act"),
    path("<case_number:number>/parties/<int:pk>/reveal/", case.RevealParty.as_view(), name="reveal"),
    path("<case_number:number>/repeats/", signals.CaseRepeats.as_view(), name="repeats"),
    path("<case_number:number>/signals/", signals.CaseSignals.as_view(), name="signals"),
    path("<case_number:number>/attachments/add/", attachments.AddAttachment.as_view(), name="add_attachment"),
    path("<case_number:number>/attachments/<int:pk>/file/", attachments.AttachmentFile.as_view(), name="attachment"),
    path(
        "<case_number:number>/attachments/<int:pk>/withdraw/", attachments.WithdrawAttachment.as_view(),
        name="withdraw_attachment",
    ),
    path(
        "<case_number:number>/documents/<slug:form>/<slug:side>/issue/", documents.IssueDocument.as_view(),
        name="issue_document",
    ),
    path("<case_number:number>/documents/<int:pk>/file/", documents.DocumentFile.as_view(), name="document"),
    path(
        "<case_number:number>/documents/<int:pk>/deliver/", documents.DeliverDocument.as_view(), name="deliver_document"
    ),
    path("<case_number:number>/documents/<int:pk>/void/", documents.VoidDocument.as_view(), name="void_document"),
]  # fmt: skip
