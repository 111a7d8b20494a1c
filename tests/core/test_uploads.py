import io
import tracemalloc

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory

from core.uploads import is_too_large, limit_bytes

MB = 1 << 20
BOUNDARY = "limit"


class Stream(io.RawIOBase):
    """A form with a text and a file of `size` bytes, which are made as they are read. `text` is the name and the value
    of the one, `file` the name of the other."""

    def __init__(self, size: int, text: tuple[str, str] = ("kind", "evidence"), file: str = "file"):
        name, value = text
        self.head = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{file}"; filename="a.pdf"\r\n'
            "Content-Type: application/pdf\r\n\r\n"
        ).encode()
        self.tail = (
            f'\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name="note"\r\n\r\nlast\r\n--{BOUNDARY}--\r\n'
        ).encode()
        self.size = size
        self.length = len(self.head) + size + len(self.tail)
        self.at = 0

    def read(self, count=-1):
        end = self.length if count < 0 else min(self.at + count, self.length)
        found = bytearray()
        while self.at < end:
            start = self.at
            if start < len(self.head):
                piece = self.head[start:end]
            elif start < len(self.head) + self.size:
                piece = b"x" * (min(end, len(self.head) + self.size) - start)
            else:
                piece = self.tail[start - len(self.head) - self.size : end - len(self.head) - self.size]
            found += piece
            self.at += len(piece)
        return bytes(found)


def sent(stream: Stream) -> dict:
    """What a server says of the request whose body is `stream`."""
    return {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}",
        "CONTENT_LENGTH": str(stream.length),
        "wsgi.input": stream,
    }


def request(stream: Stream) -> WSGIRequest:
    return WSGIRequest(RequestFactory()._base_environ(**sent(stream)))


@pytest.fixture(autouse=True)
def _two_megabytes(settings):
    settings.ATTACHMENT_MAX_MB = 2
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 3 * MB


def test_a_file_within_the_limit_arrives():
    found = request(Stream(2 * MB))

    assert found.FILES["file"].size == 2 * MB == limit_bytes()
    assert not is_too_large(found)
    assert found.POST.dict() == {"kind": "evidence", "note": "last"}


def test_one_byte_more_is_dropped_and_the_form_is_kept():
    found = request(Stream(2 * MB + 1))

    assert found.POST.dict() == {"kind": "evidence", "note": "last"}
    assert list(found.FILES) == []
    assert is_too_large(found)


def test_a_hundred_megabytes_never_come_into_memory_nor_on_disk(monkeypatch):
    monkeypatch.setattr("tempfile.NamedTemporaryFile", None)
    stream = Stream(100 * MB)
    tracemalloc.start()

    found = request(stream)
    post = found.POST.dict()
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert post == {"kind": "evidence", "note": "last"}
    assert is_too_large(found)
    assert stream.at == stream.length
    assert peak < 3 * MB


def test_forms_without_files_are_as_ever():
    found = RequestFactory().post("/", {"a": "b"})
    small = RequestFactory().post("/", {"file": SimpleUploadedFile("a.txt", b"a")})

    assert found.POST.dict() == {"a": "b"}
    assert small.FILES["file"].read() == b"a"
    assert not is_too_large(small)


def test_small_files_that_are_too_much_together_are_said_to_be_so():
    files = {name: SimpleUploadedFile(f"{name}.pdf", b"x" * (1600 << 10)) for name in ("a", "b")}

    found = RequestFactory().post("/", files | {"kind": "evidence"})

    assert found.POST.dict() == {"kind": "evidence"}
    assert list(found.FILES) == []
    assert is_too_large(found)
