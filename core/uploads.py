"""Uploads that are too large are dropped while they arrive: they fill neither memory nor disk."""

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile


class SizeLimitHandler(FileUploadHandler):
    """Stands before the handler that keeps files in memory; nothing in clear is put on disk. What goes beyond
    settings.ATTACHMENT_MAX_MB is read off and thrown away, so that the rest of the form arrives and its page can say
    what was wrong (`is_too_large`)."""

    def handle_raw_input(self, input_data, META, content_length, boundary, encoding=None):
        self.whole_request = content_length

    def new_file(self, *args, **kwargs):
        super().new_file(*args, **kwargs)
        self.seen = 0
        if self.whole_request > settings.FILE_UPLOAD_MAX_MEMORY_SIZE:
            self._refuse()

    def receive_data_chunk(self, raw_data, start):
        self.seen += len(raw_data)
        if self.seen > limit_bytes():
            self._refuse()
        return raw_data

    def file_complete(self, file_size):
        return None

    def _refuse(self):
        self.request.upload_too_large = True
        raise SkipFile


def limit_bytes() -> int:
    return settings.ATTACHMENT_MAX_MB << 20


def is_too_large(request) -> bool:
    """Whether a file of this request was dropped."""
    return getattr(request, "upload_too_large", False)
