"""DOCX templates that people upload: filled in a sandbox, and read closely before one is taken.

A template may show a variable, choose by one (if, elif, else) and go through a list (for), and nothing else: no
arithmetic, no calls, no attributes but those of a list's items. So each tag costs no more than it prints, which is
counted; there is nothing in reach that could run long, grow or leave the sandbox. Whatever a value holds stays text.
"""

import datetime as dt
import io
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment

from core.exceptions import FileRefused
from core.filetypes import DOCX, Package, recognise

MAX_BYTES = 2 << 20
MAX_XML = 2 << 20  # of one part
MAX_TAGS = 400
MAX_TAG = 300  # characters
MAX_OUTPUT = 5 << 20  # characters of one part
_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_FOOTNOTES = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
# kinds of relations through which a document holds or fetches what is no text or picture
_FOREIGN = {
    "oleObject", "package", "control", "activeXControlBinary", "aFChunk", "vbaProject", "attachedTemplate",
    "subDocument", "frame", "externalLink", "attachedToolbars", "keyMapCustomizations",
}  # fmt: skip
_FIELDS = re.compile(r"\b(?:DDE|DDEAUTO|INCLUDEPICTURE|INCLUDETEXT|IMPORT|LINK|MACROBUTTON|DATABASE)\b", re.IGNORECASE)
# the same in the text of all runs put together, where no blank need stand between two fields
_RUN_ON = re.compile(
    r"DDE|INCLUDEPICTURE|INCLUDETEXT|IMPORT|(?<!HYPER)LINK|MACROBUTTON|DATABASE", re.IGNORECASE
)
_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
# what docxtpl would put into the markup itself
_MARKUP_TAG = re.compile(r"\{\{(?:p|tr|tc|r)\s|\{%\s*(?:colspan|cellbg|hm|vm)\b")
_XML_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_EXPRESSIONS = (
    nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Not, nodes.And, nodes.Or, nodes.Compare,
    nodes.Operand,
)  # fmt: skip
_BODIES = {"if": "{% endif %}", "for": "{% endfor %}"}

# of a template's variables: the keys of its items where it is a list, otherwise None
Variables = Mapping[str, Collection[str] | None]


class TemplateRefused(FileRefused):
    """The template cannot be used; the message says which tag or part is wrong."""


class _Sandbox(SandboxedEnvironment):
    def __init__(self):
        super().__init__(autoescape=True, undefined=StrictUndefined)
        self.globals.clear()
        self.filters = {"default": self.filters["default"]}
        self.tests.clear()

    def is_safe_attribute(self, obj, attr, value):
        return False  # items of a list are dictionaries, whose keys are no attributes


def check(content: bytes, *, name: str, variables: Variables, required: Collection[str]) -> set[str]:
    """The variables that the uploaded template `content` uses. Raises FileRefused for what is no plain DOCX, for
    foreign parts, for each tag that is not allowed or not known, and where a `required` variable is missing."""
    if len(content) > MAX_BYTES:
        raise TemplateRefused(_("A template may have %(n)d MB.") % {"n": MAX_BYTES >> 20})
    if recognise(content, name) is not DOCX:
        raise TemplateRefused(_("A template is a DOCX file."))
    _check_package(Package(content))
    used = _check_tags(content, variables)
    if missing := [name for name in required if name not in used]:
        raise TemplateRefused(
            _("What the law demands of this form is missing: %(names)s.") % {"names": _tags_of(missing)}
        )
    return used


def render(content: bytes, values: Mapping[str, Any], *, title: str, author: str, now: dt.datetime) -> bytes:
    """The filled document. `values` are texts, and lists of dictionaries of texts; they never become markup or tags.
    `title` and `author` (an agency) are its only properties. Raises TemplateRefused."""
    variables = {
        name: (tuple(value[0]) if value else ()) if isinstance(value, list) else None for name, value in values.items()
    }
    _check_tags(content, variables)
    clean = {name: _clean(value) for name, value in values.items()}
    template, sandbox = _opened(content), _Sandbox()
    try:
        for _part, xml in _sources(template):
            _check_output(sandbox, xml, clean)
        template.render(clean, jinja_env=sandbox, autoescape=sandbox.autoescape)
    except TemplateError as error:
        raise TemplateRefused(_("The template cannot be filled: %(error)s") % {"error": error.message}) from error
    properties = template.docx.core_properties
    properties.title, properties.author, properties.last_modified_by = title[:255], author[:255], ""
    properties.created = properties.modified = now.astimezone(dt.UTC).replace(tzinfo=None)
    properties.revision = 1
    file = io.BytesIO()
    template.save(file)
    return file.getvalue()


def check_filled(content: bytes) -> None:
    """Raise TemplateRefused unless the filled document can be opened again and all its parts are whole."""
    package = Package(content)
    for name in package.xml_parts():
        package.tree(name)
    _opened(content)


def _clean(value):
    if isinstance(value, list):
        return [{key: _clean(text) for key, text in item.items()} for item in value]
    return _XML_ILLEGAL.sub("", str(value))


def _check_output(sandbox: _Sandbox, xml: str, values: Mapping[str, Any]) -> None:
    """Count what a part would grow to before docxtpl builds it."""
    length = 0
    for piece in sandbox.from_string(xml).generate(values):
        length += len(piece)
        if length > MAX_OUTPUT:
            raise TemplateRefused(_("Filled, the document becomes too long. Shorten the texts or the template."))


# the file


def _check_package(package: Package) -> None:
    types = package.tree("[Content_Types].xml")
    main = [node.get("ContentType") for node in types if node.get("PartName") == "/word/document.xml"]
    if main != [_MAIN]:
        raise TemplateRefused(_("It is no plain DOCX document. Save it as “Word document (*.docx)”."))
    for _kind, target in package.relations():
        raise TemplateRefused(_("It leads out of the file: %(target)s. Remove the link.") % {"target": target[:100]})
    for name in package.xml_parts():
        if package.archive.getinfo(name).file_size > MAX_XML:
            raise TemplateRefused(_("The part %(part)s is too large.") % {"part": name})
        tree = package.tree(name)
        kinds = {(node.get("Type") or "").rpartition("/")[2] for node in tree.iter("{*}Relationship")}
        if kinds & _FOREIGN:
            raise TemplateRefused(_("It holds embedded objects, which a template may not: remove them."))
        fields = " ".join(
            [
                *("".join(node.itertext()) for node in tree.iter("{*}instrText")),
                *(value for node in tree.iter("{*}fldSimple") for key, value in node.items() if key.endswith("instr")),
            ]
        )
        run_on = "".join("".join(node.itertext()) for node in tree.iter("{*}instrText"))
        if found := _FIELDS.search(fields) or _RUN_ON.search(run_on):
            raise TemplateRefused(_("It holds a field that fetches or runs something: %(field)s.") % {"field": found[0]})
    if any(name.lower().endswith(".bin") for name in package.names):
        raise TemplateRefused(_("It holds embedded objects, which a template may not: remove them."))


def _opened(content: bytes) -> DocxTemplate:
    template = DocxTemplate(io.BytesIO(content))
    try:
        template.init_docx()
        properties = template.docx.core_properties
    except Exception as error:  # whatever python-docx stumbles over
        raise TemplateRefused(_("Word documents of this kind cannot be read. Save it anew as .docx.")) from error
    # docxtpl would fill them, too; and what a person's program wrote there is not for others
    for name in ("author", "comments", "identifier", "language", "subject", "title", "keywords", "category"):
        setattr(properties, name, "")
    return template


def _sources(template: DocxTemplate) -> Iterator[tuple[str, str]]:
    """(part, text with tags) of all that docxtpl fills."""
    yield "document", template.patch_xml(template.get_xml())
    for uri in (template.HEADER_URI, template.FOOTER_URI):
        for _key, part in template.get_headers_footers(uri):
            yield str(part.partname), template.patch_xml(template.get_part_xml(part))
    for part in template.docx.part.package.iter_parts():
        if part.content_type == _FOOTNOTES:
            yield str(part.partname), template.patch_xml(part.blob.decode())


# the tags


def _check_tags(content: bytes, variables: Variables) -> set[str]:
    """The variables used. Nothing of the template is compiled before each of its tags is known to be harmless: the
    compiler already calculates what is constant."""
    template, sandbox = _opened(content), _Sandbox()
    if found := _MARKUP_TAG.search(_plain(template)):
        raise TemplateRefused(_("The tag %(tag)s may not be used.") % {"tag": found[0].strip()})
    used: set[str] = set()
    tags = 0
    for _part, xml in _sources(template):
        found = _TAG.findall(xml)
        tags += len(found)
        if tags > MAX_TAGS:
            raise TemplateRefused(_("A template may hold %(n)d tags.") % {"n": MAX_TAGS})
        for tag in found:
            _check_form(sandbox, tag)
        try:
            tree = sandbox.parse(xml)
        except TemplateSyntaxError as error:
            raise TemplateRefused(
                _("The tags do not go together (an if or for without its end?): %(error)s") % {"error": error.message}
            ) from None
        used |= _Reader(variables).read(tree)
    return used


def _plain(template: DocxTemplate) -> str:
    """The text of all parts, each paragraph's in one piece, as tags stand in it however Word has cut them."""
    texts = []
    for part in template.docx.part.package.iter_parts():
        element = getattr(part, "element", None)
        if element is not None:
            texts += ["".join(node.text or "" for node in p.iter("{*}t")) for p in element.iter("{*}p")]
    return "\n".join(texts)


def _shown(tag: str) -> str:
    text = re.sub(r"<[^>]*>", "", tag)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _check_form(sandbox: _Sandbox, tag: str) -> None:
    """Whether one tag can be read, and consists of what is allowed. Names are looked at later, in their places."""
    if tag.startswith("{#"):
        return
    if len(tag) > MAX_TAG or re.search(r"</?w:", tag):
        raise TemplateRefused(_("The tag %(tag)s is not closed, or too long.") % {"tag": _shown(tag)})
    probe = tag
    if tag.startswith("{%"):
        word = (re.findall(r"\w+", tag) or [""])[0]
        if word in ("else", "endif", "endfor"):
            return
        if word == "elif":
            probe = f"{{% if 1 %}}{tag}{{% endif %}}"
        elif word in _BODIES:
            probe = tag + _BODIES[word]
        else:
            raise TemplateRefused(
                _("The tag %(tag)s may not be used; what may be used is if, elif, else and for.") % {"tag": _shown(tag)}
            )
    try:
        tree = sandbox.parse(probe)
    except (TemplateSyntaxError, RecursionError) as error:
        raise TemplateRefused(
            _("The tag %(tag)s cannot be read: %(error)s") % {"tag": _shown(tag), "error": error}
        ) from None
    for node in tree.find_all(nodes.Expr):
        plain = isinstance(node, _EXPRESSIONS)
        if isinstance(node, nodes.Filter):
            plain = node.name == "default"
        elif isinstance(node, nodes.Getattr | nodes.Getitem):
            plain = isinstance(node.node, nodes.Name)
        if not plain:
            raise TemplateRefused(
                _("The tag %(tag)s calculates or calls something; a template may only show, choose and list.")
                % {"tag": _shown(tag)}
            )


class _Reader:
    """Goes through a template's tree with the variables in scope and collects which are used."""

    def __init__(self, variables: Variables):
        self.variables = variables
        self.used: set[str] = set()
        self.unknown: list[str] = []

    def read(self, tree: nodes.Template) -> set[str]:
        self._visit(tree, loops={})
        if self.unknown:
            raise TemplateRefused(
                _("Unknown variables: %(names)s. docs/documents.md lists those of each form.")
                % {"names": _tags_of(dict.fromkeys(self.unknown))}
            )
        return self.used

    def _visit(self, node: nodes.Node, loops: dict[str, Collection[str]]) -> None:
        if isinstance(node, nodes.For):
            self._loop(node, loops)
        elif isinstance(node, nodes.Getattr | nodes.Getitem):
            self._item(node, loops)
        elif isinstance(node, nodes.Name):
            if node.name in loops or self.variables.get(node.name, None) is not None:
                raise TemplateRefused(
                    _("%(name)s is a list or one of its items: go through it with for and show an item's parts.")
                    % {"name": node.name}
                )
            self._use(node.name)
        else:
            for child in node.iter_child_nodes():
                self._visit(child, loops)

    def _loop(self, node: nodes.For, loops: dict[str, Collection[str]]) -> None:
        if loops or node.recursive or node.test:
            raise TemplateRefused(_("A for may neither stand in another nor choose its items."))
        if not isinstance(node.iter, nodes.Name) or not isinstance(node.target, nodes.Name):
            raise TemplateRefused(_("A for goes through one of the lists of the form."))
        keys = self.variables.get(node.iter.name)
        if keys is None and node.iter.name in self.variables:
            raise TemplateRefused(_("%(name)s is no list: for cannot go through it.") % {"name": node.iter.name})
        self._use(node.iter.name)
        for child in node.body:
            self._visit(child, {node.target.name: keys or ()})
        for child in node.else_:
            self._visit(child, loops)

    def _item(self, node, loops: dict[str, Collection[str]]) -> None:
        owner = node.node.name
        key = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", None)
        if owner not in loops or (loops[owner] and key not in loops[owner]):
            self.unknown.append(f"{owner}.{key}")

    def _use(self, name: str) -> None:
        if name in self.variables:
            self.used.add(name)
        else:
            self.unknown.append(name)


def _tags_of(names: Collection[str]) -> str:
    return ", ".join(f"{{{{ {name} }}}}" for name in names)
