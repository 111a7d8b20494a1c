import datetime as dt
import io
import time
import zipfile

import pytest
from django.utils import translation
from docx import Document

from core import docx_templates
from core.docx_templates import TemplateRefused, check, check_filled, render
from core.exceptions import FileRefused
from core.filetypes import Package

VARIABLES = {"number": None, "name": None, "reason": None, "grounds": ("item", "text")}
NOW = dt.datetime(2026, 11, 25, 9, tzinfo=dt.UTC)
VALUES = {"number": "测1号", "name": "张<测试>&", "reason": "理由", "grounds": [{"item": "一", "text": "甲"}]}


@pytest.fixture(autouse=True)
def _english(_chinese):
    with translation.override("en"):
        yield


def made(*paragraphs: str, header: str = "", parts: dict | None = None, split: bool = False) -> bytes:
    """A DOCX of these paragraphs; `split`: each letter a run of its own, as Word likes to cut; `parts`: further or
    other parts of the package."""
    document = Document()
    for text in paragraphs:
        if split:
            paragraph = document.add_paragraph()
            for letter in text:
                paragraph.add_run(letter)
        else:
            document.add_paragraph(text)
    if header:
        document.sections[0].header.paragraphs[0].text = header
    file = io.BytesIO()
    document.save(file)
    return repacked(file.getvalue(), parts or {})


def repacked(content: bytes, parts: dict) -> bytes:
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            if name not in parts:
                target.writestr(name, source.read(name))
        for name, part in parts.items():
            target.writestr(name, part(source.read(name)) if callable(part) else part)
    return file.getvalue()


def checked(content: bytes, required=("number",), name="a.docx"):
    return check(content, name=name, variables=VARIABLES, required=required)


def text_of(content: bytes) -> str:
    """Everything that stands in any XML part."""
    package = Package(content)
    return "\n".join("".join(package.tree(name).itertext()) for name in package.xml_parts())


# filling


def test_values_stay_text_whatever_they_hold():
    hostile = "<w:p/>{{ 7*7 }}{% for a in b %}</w:t>\x07\x00\ufffe&amp;\"'{_{ 8*8 }_}"

    content = render(
        made("{{ number }}{{ reason }}"), VALUES | {"reason": hostile}, title="t", author="a", now=NOW
    )

    assert "{{ 7*7 }}" in text_of(content)
    assert "<w:p/>" in text_of(content)
    assert "&amp;\"'" in text_of(content)
    assert "{{ 8*8 }}" in text_of(content)
    assert "49" not in text_of(content)
    assert "64" not in text_of(content)
    check_filled(content)
    paragraphs = [paragraph.text for paragraph in Document(io.BytesIO(content)).paragraphs]
    assert len(paragraphs) == 1


def test_lines_and_lists_are_kept():
    loop = ("{%p for g in grounds %}", "{{ g.item }}: {{ g['text'] }}", "{%p endfor %}")
    template = made("{{ number }}", *loop, "{{ reason }}")
    values = VALUES | {
        "grounds": [{"item": "一", "text": "甲"}, {"item": "二", "text": "乙"}],
        "reason": "上\n下",
    }

    document = Document(io.BytesIO(render(template, values, title="t", author="a", now=NOW)))

    assert [paragraph.text for paragraph in document.paragraphs] == ["测1号", "一: 甲", "二: 乙", "上\n下"]


def test_tags_in_headers_are_filled():
    content = render(made("{{ number }}", header="{{ name }}"), VALUES, title="t", author="a", now=NOW)

    assert "张<测试>&" in Document(io.BytesIO(content)).sections[0].header.paragraphs[0].text


def test_tags_that_word_has_cut_are_filled():
    template = made("{{ number }}和{% if name %}有{% else %}无{% endif %}", split=True)
    content = render(template, VALUES, title="t", author="a", now=NOW)

    assert Document(io.BytesIO(content)).paragraphs[0].text == "测1号和有"


def test_properties_tell_of_nobody():
    document = Document()
    document.add_paragraph("{{ number }}")
    properties = document.core_properties
    properties.author = properties.last_modified_by = "李某某"
    properties.comments, properties.keywords, properties.subject = "{{ name }}", "李某某", "{{ name }}"
    file = io.BytesIO()
    document.save(file)

    content = render(file.getvalue(), VALUES, title="受理决定书 测1号", author="测试局", now=NOW)

    found = Document(io.BytesIO(content)).core_properties
    assert (found.author, found.title, found.last_modified_by) == ("测试局", "受理决定书 测1号", "")
    assert (found.comments, found.keywords, found.subject) == ("", "", "")
    assert found.created == NOW
    assert "李某某" not in text_of(content)


def test_an_output_that_grows_is_stopped(monkeypatch):
    monkeypatch.setattr(docx_templates, "MAX_OUTPUT", 100_000)
    template = made(*["{{ reason }}"] * 60)

    assert render(template, VALUES | {"reason": "字" * 100}, title="t", author="a", now=NOW)
    with pytest.raises(TemplateRefused, match="too long"):
        render(template, VALUES | {"reason": "字" * 5000}, title="t", author="a", now=NOW)


# what a template may say


def test_the_variables_used_are_told():
    template = made(
        "{{ number }}{# 备注 #}",
        "{% if name and not reason == 'x' %}{{ reason|default('无') }}{% elif name %}{% endif %}",
    )

    assert checked(template) == {"number", "name", "reason"}


@pytest.mark.parametrize(
    ("tag", "says"),
    [
        ("{{ nmae }}", "Unknown variables: {{ nmae }}."),
        ("{{ self }}", "Unknown variables: {{ self }}."),
        ("{{ range }}", "Unknown variables: {{ range }}."),
        ("{% for g in grounds %}{{ g.color }}{% endfor %}", "Unknown variables: {{ g.color }}."),
        ("{% for g in grounds %}{{ loop.index }}{% endfor %}", "Unknown variables: {{ loop.index }}."),
        ("{{ name.upper }}", "Unknown variables: {{ name.upper }}."),
        ("{{ ''.__class__ }}", "The tag {{ ''.__class__ }} calculates"),
        ("{{ name.__class__ }}", "Unknown variables: {{ name.__class__ }}."),
        ("{{ name.__class__.__mro__ }}", "The tag {{ name.__class__.__mro__ }} calculates"),
        ("{{ name['__class__'] }}", "Unknown variables: {{ name.__class__ }}."),
        ("{{ name|attr('__class__') }}", "The tag {{ name|attr('__class__') }} calculates"),
        ("{{ 'a'*10**9 }}", "The tag {{ 'a'*10**9 }} calculates"),
        ("{{ 9**9**9 }}", "The tag {{ 9**9**9 }} calculates"),
        ("{{ name ~ name }}", "calculates"),
        ("{{ '%0999999999d' % 1 }}", "calculates"),
        ("{{ '{:>999999999}'.format(1) }}", "calculates"),
        ("{{ name|center(10000000) }}", "calculates"),
        ("{{ name[::-1] }}", "calculates"),
        ("{{ [1, 2] }}", "calculates"),
        ("{{ range(10) }}", "calculates"),
        ("{{ cycler.__init__.__globals__ }}", "calculates"),
        ("{{ name if number else reason }}", "calculates"),
        ("{{ name is defined }}", "calculates"),
        ("{% for i in range(10**9) %}a{% endfor %}", "The tag {% for i in range(10**9) %} calculates"),
        ("{% for i in (1, 2) %}a{% endfor %}", "calculates"),
        ("{% for a in name %}{{ number }}{% endfor %}", "name is no list"),
        ("{% for a, b in grounds %}a{% endfor %}", "calculates"),
        ("{% for a in grounds %}{% for b in grounds %}x{% endfor %}{% endfor %}", "neither stand in another"),
        ("{% for a in grounds if a.item %}x{% endfor %}", "nor choose"),
        ("{% for a in grounds recursive %}x{% endfor %}", "nor choose"),
        ("{{ grounds }}", "grounds is a list"),
        ("{% for g in grounds %}{{ g }}{% endfor %}", "g is a list or one of its items"),
        ("{% set a = name %}", "The tag {% set a = name %} may not be used"),
        ("{% macro a() %}{% endmacro %}", "The tag {% macro a() %} may not be used"),
        ("{% include 'x' %}", "may not be used"),
        ("{% import 'os' as os %}", "may not be used"),
        ("{% extends 'x' %}", "may not be used"),
        ("{% raw %}{{ x }}{% endraw %}", "may not be used"),
        ("{% autoescape false %}{% endautoescape %}", "may not be used"),
        ("{% call x() %}{% endcall %}", "may not be used"),
        ("{% filter upper %}{% endfilter %}", "may not be used"),
        ("{% do x %}", "may not be used"),
        ("{% if name %}", "without its end"),
        ("{% endif %}", "do not go together"),
        ("{{ name", "do not go together"),
        ("{{ name + }}", "calculates|cannot be read"),
        ("{{ a b }}", "The tag {{ a b }} cannot be read"),
        ("{{ " + "(" * 2000 + "name" + ")" * 2000 + " }}", "too long"),
        ("{{r name }}", "The tag {{r may not be used"),
        ("{{p name }}", "The tag {{p may not be used"),
        ("{% colspan name %}", "The tag {% colspan may not be used"),
        ("{% cellbg name %}", "The tag {% cellbg may not be used"),
        ("{% vm %}", "The tag {% vm may not be used"),
    ],
)
def test_what_a_template_may_not_say_is_named(tag, says):
    before = time.monotonic()
    with pytest.raises(TemplateRefused) as refused:
        checked(made("{{ number }}", tag))

    assert any(part in str(refused.value) for part in says.split("|"))
    assert time.monotonic() - before < 5


def test_tags_in_headers_are_read():
    with pytest.raises(TemplateRefused, match="calculates"):
        checked(made("{{ number }}", header="{{ 9**9 }}"))


def test_tags_in_footnotes_are_read():
    note = (
        '<w:footnotes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:footnote>'
        "<w:p><w:r><w:t>{{ 9**9 }}</w:t></w:r></w:p></w:footnote></w:footnotes>"
    )
    override = (
        b'<Override PartName="/word/footnotes.xml" ContentType="application/vnd.openxmlformats-officedocument'
        b'.wordprocessingml.footnotes+xml"/></Types>'
    )
    parts = {
        "word/footnotes.xml": note,
        "[Content_Types].xml": lambda xml: xml.replace(b"</Types>", override),
        RELS: relation("footnotes", "footnotes.xml"),
    }

    with pytest.raises(TemplateRefused, match="calculates"):
        checked(made("{{ number }}", parts=parts))


def test_use_is_as_strict_as_the_upload():
    with pytest.raises(TemplateRefused, match="calculates"):
        render(made("{{ 'a'*10**9 }}"), VALUES, title="t", author="a", now=NOW)
    with pytest.raises(TemplateRefused, match="Unknown variables"):
        render(made("{{ other }}"), VALUES, title="t", author="a", now=NOW)


def test_what_is_demanded_and_missing_is_named():
    with pytest.raises(TemplateRefused, match=r"missing: \{\{ reason \}\}, \{\{ grounds \}\}\."):
        checked(made("{{ number }}"), required=("number", "reason", "grounds"))


def test_too_many_tags_are_refused():
    with pytest.raises(TemplateRefused, match="400 tags"):
        checked(made(*["{{ number }}"] * 401))


# what a template may hold


def relation(kind, target, mode=""):
    return lambda xml: xml.replace(
        b"</Relationships>",
        f'<Relationship Id="rId98" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"'
        f' Target="{target}"{mode}/></Relationships>'.encode(),
    )


def field(xml: bytes):
    return lambda part: part.replace(b"<w:r>", b"<w:r>" + xml, 1)


EXTERNAL = ' TargetMode="External"'
RELS = "word/_rels/document.xml.rels"


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({RELS: relation("hyperlink", "https://example.com/", EXTERNAL)}, "leads out of the file: https://example.com/"),
        ({RELS: relation("image", "file://198.51.100.1/x.png", EXTERNAL)}, "leads out of the file"),
        ({RELS: relation("attachedTemplate", "https://198.51.100.1/a.dotm", EXTERNAL)}, "fetches parts from elsewhere"),
        ({RELS: relation("oleObject", "embeddings/o.bin")}, "embedded objects"),
        ({RELS: relation("aFChunk", "a.html")}, "embedded objects"),
        ({"word/embeddings/oleObject1.bin": b"x"}, "embedded objects"),
        ({"word/vbaProject.bin": b"x"}, "macros"),
        ({"[Content_Types].xml": lambda xml: xml.replace(b"document.main", b"template.main")}, "no plain DOCX"),
        ({"word/comments.xml": "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"}, "document type"),
        ({"word/comments.xml": "<a>"}, "is no XML"),
        ({"word/comments.xml": "<a>" + "x" * (3 << 20) + "</a>"}, "too large"),
        (
            {"word/document.xml": field(b"<w:instrText>DDEAUTO c:\\\\cmd.exe</w:instrText>")},
            "field that fetches or runs something: DDEAUTO",
        ),
        (
            {"word/document.xml": field(b'<w:fldSimple w:instr="INCLUDEPICTURE x"/>')},
            "field that fetches or runs something: INCLUDEPICTURE",
        ),
    ],
)  # fmt: skip
def test_foreign_parts_are_refused(parts, says):
    with pytest.raises(FileRefused, match=says.replace("(", r"\(")):
        checked(made("{{ number }}", parts=parts))


def test_page_numbers_are_no_danger():
    assert checked(
        made("{{ number }}", parts={"word/document.xml": field(b"<w:instrText> PAGE </w:instrText>")})
    )


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"%PDF-1.4", "a.docx", "The name says DOCX, the content is PDF"),
        (b"%PDF-1.4", "a.pdf", "A template is a DOCX file"),
        (b"PK\x03\x04", "a.docx", "damaged"),
        (b"", "a.docx", "empty"),
        (b"x" * (3 << 20), "a.docx", "2 MB"),
    ],
)
def test_what_is_no_docx_is_refused(content, name, says):
    with pytest.raises(FileRefused, match=says):
        checked(content, name=name)


def test_a_docx_that_word_cannot_open_is_refused():
    with pytest.raises(FileRefused):
        checked(made("{{ number }}", parts={RELS: "<a/>", "word/document.xml": "<a/>"}))
