"""Write the built-in document templates: `python -m tools.document_templates`, with --check to compare only.

The layout is our own, after GB/T 9704-2012: its margins, type sizes and faces. Faces are named for East Asian text and
never left to a theme, which Word would take instead; a face that is missing is replaced by Word or WPS. What stands in
double braces is filled by cases.domain.documents; docs/documents.md says with what.
"""

import io
import sys
import zipfile
from pathlib import Path

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

FOLDER = Path(__file__).resolve().parents[1] / "cases" / "document_templates"
TITLE, BODY, LATIN = "方正小标宋简体", "仿宋_GB2312", "Times New Roman"
THEME = ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme")
CENTRE, RIGHT, BOTH = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT, WD_ALIGN_PARAGRAPH.JUSTIFY
UNWANTED = ("/thumbnail", "/customXml", "/theme", "/stylesWithEffects", "/webSettings")


class Form:
    """A page of GB/T 9704: 37 mm above, 28 mm left, 156 mm of text in lines of 28 points."""

    def __init__(self, title: str):
        self.document = Document()
        self._clean()
        section = self.document.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.top_margin, section.bottom_margin = Mm(37), Mm(35)
        section.left_margin, section.right_margin = Mm(28), Mm(26)
        normal = self.document.styles["Normal"]
        _face(normal.element.get_or_add_rPr(), BODY)
        normal.font.size = Pt(16)
        self.line(title, face=TITLE, size=22, align=CENTRE, after=8)

    def _clean(self) -> None:
        for element in self.document.styles.element.iter(qn("w:rFonts")):
            for name in THEME:
                element.attrib.pop(qn(f"w:{name}"), None)
        for rels in (self.document.part.package.rels, self.document.part.rels):
            for key in [key for key, rel in rels.items() if rel.reltype.endswith(UNWANTED)]:
                del rels[key]
        properties = self.document.core_properties
        for name in ("author", "comments", "title", "keywords", "last_modified_by"):
            setattr(properties, name, "")

    def line(self, text: str, *, face=BODY, size=16, align=None, indent=False, after=0) -> None:
        self._write(self.document.add_paragraph(), text, face=face, size=size, align=align, indent=indent, after=after)

    def _write(self, paragraph, text: str, *, face=BODY, size=16, align=None, indent=False, after=0, exact=28):
        layout = paragraph.paragraph_format
        layout.space_before, layout.space_after = Pt(0), Pt(after)
        layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(exact)
        layout.alignment = align
        if indent:
            layout.first_line_indent = Pt(2 * size)
        run = paragraph.add_run(text)
        run.font.size = Pt(size)
        _face(run._element.get_or_add_rPr(), face)

    def text(self, *paragraphs: str) -> None:
        for paragraph in paragraphs:
            self.line(paragraph, align=BOTH, indent=True)

    def number(self) -> None:
        self.line("{{ number }}", align=CENTRE, after=14)

    def addressee(self, name: str = "addressee") -> None:
        self.line(f"{{{{ {name} }}}}：")

    def grounds(self) -> None:
        self.text("{%p for ground in grounds %}")
        self.text("{{ ground.mark }}（{{ ground.item }}）{{ ground.text }}")
        self.text("{%p endfor %}")

    def table(self, *rows: tuple[str, ...], widths: tuple[int, ...] = (30, 48, 30, 48)) -> None:
        """Rows of label and contents; a row of two goes over the whole width."""
        table = self.document.add_table(rows=0, cols=4)
        table.style, table.alignment, table.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
        for texts in rows:
            cells = table.add_row().cells
            for cell, width in zip(cells, widths, strict=True):
                cell.width = Mm(width)
            if len(texts) == 2:
                cells = (cells[0], cells[1].merge(cells[3]))
            for position, (cell, text) in enumerate(zip(cells, texts, strict=True)):
                self._write(
                    cell.paragraphs[0], text, size=12, align=CENTRE if position % 2 == 0 else None, exact=22
                )

    def seal(self) -> None:
        self.line("")
        self.line("{{ agency }}（印章）", align=RIGHT)
        self.line("{{ issued_on }}", align=RIGHT)

    def note(self, text: str) -> None:
        self.line("")
        self._write(self.document.add_paragraph(), f"注：{text}", size=10.5, exact=18)

    def content(self) -> bytes:
        file = io.BytesIO()
        self.document.save(file)
        return file.getvalue()


def _face(properties, face: str) -> None:
    fonts = properties.find(qn("w:rFonts"))
    if fonts is None:
        fonts = OxmlElement("w:rFonts")
        properties.insert(0, fonts)
    for name in THEME:
        fonts.attrib.pop(qn(f"w:{name}"), None)
    for name, value in (("ascii", LATIN), ("hAnsi", LATIN), ("cs", LATIN), ("eastAsia", face)):
        fonts.set(qn(f"w:{name}"), value)


def complaint_register() -> Form:
    form = Form("投诉登记表")
    form.line("登记单位：{{ agency }}", size=12)
    form.line("编号：{{ number }}　　案件编号：{{ case_number }}", size=12)
    form.line("收到日期：{{ received_on }}　　来源：{{ channel }}", size=12, after=4)
    form.table(
        ("投诉人姓名", "{{ complainant_name }}", "联系电话", "{{ complainant_phone }}"),
        ("证件类型", "{{ complainant_id_type }}", "证件号码", "{{ complainant_id_number }}"),
        ("通讯地址", "{{ complainant_address }}"),
        ("代理人", "{{ proxy }}"),
        ("同意公示投诉信息", "{{ consent_publish }}", "同意委托调解", "{{ consent_entrust }}"),
        ("被投诉人名称（姓名）", "{{ respondent_name }}", "联系人", "{{ respondent_contact }}"),
        ("被投诉人地址", "{{ respondent_address }}", "联系电话", "{{ respondent_phone }}"),
        ("商品或者服务", "{{ goods }}", "涉及金额", "{{ amount }}"),
        ("争议发生日期", "{{ occurred_on }}"),
        ("消费者权益争议事实依据", "{{ facts }}"),
        ("投诉请求", "{{ demand }}"),
        ("投诉人（签字）", "年　月　日", "经办人（签字）", "{{ officer }}　年　月　日"),
    )
    form.note("依据{{ order }}{{ article }}登记。非现场提出投诉的，投诉人不签字。")
    return form


def report_register() -> Form:
    form = Form("举报登记表")
    form.line("登记单位：{{ agency }}", size=12)
    form.line("编号：{{ number }}　　案件编号：{{ case_number }}", size=12)
    form.line("收到日期：{{ received_on }}　　来源：{{ channel }}", size=12, after=4)
    form.table(
        ("举报人姓名", "{{ reporter_name }}", "联系电话", "{{ reporter_phone }}"),
        ("通讯地址", "{{ reporter_address }}", "身份证件号码", "{{ reporter_id_number }}"),
        ("被举报人名称（姓名）", "{{ respondent_name }}"),
        ("被举报人地址", "{{ respondent_address }}"),
        ("具体线索和相应的事实依据", "{{ clue }}"),
        ("举报人（签字）", "年　月　日", "经办人（签字）", "{{ officer }}　年　月　日"),
    )
    form.note("依据{{ order }}{{ article }}登记。可以匿名举报；举报人信息依法保密，本表不得提供给被举报人。")
    return form


def dispatch_notice() -> Form:
    form = Form("投诉举报分送通知书")
    form.number()
    form.addressee("recipient")
    form.text(
        "我局于{{ received_on }}收到关于{{ subject }}的{{ kind }}（案件编号：{{ case_number }}），现依据{{ order }}"
        "{{ article }}分送你单位。请依法处理，并将处理结果于{{ report_back_on }}前报告我局。",
        "你单位不具备处理权限的，请及时反馈我局，不得自行移送。",
        "附：相关材料{{ enclosures }}份，共{{ pages }}页。",
        "联系人：{{ officer }}；联系电话：{{ contact_phone }}。",
    )
    form.seal()
    return form


def identity_notice() -> Form:
    form = Form("限期提供身份证明材料通知书")
    form.number()
    form.addressee()
    form.text(
        "我局于{{ received_on }}收到你关于{{ subject }}的投诉。"
        "依据《中华人民共和国消费者权益保护法实施条例》第四十六条第一款、{{ order }}"
        "{{ article }}，请你于{{ id_deadline }}前向我局提供以下身份证明材料：{{ id_papers }}。",
        "逾期未提供、提供虚假材料或者拒不配合核验真实身份信息的，我局将依法对投诉不予受理。",
        "联系人：{{ officer }}；联系电话：{{ contact_phone }}；通信地址：{{ contact_address }}。",
    )
    form.seal()
    return form


def acceptance() -> Form:
    form = Form("投诉受理决定书")
    form.number()
    form.addressee()
    form.text(
        "我局于{{ received_on }}收到你关于{{ subject }}的投诉。经审查，符合受理条件，依据{{ order }}{{ article }}，"
        "我局决定受理。",
        "联系人：{{ officer }}；联系电话：{{ contact_phone }}。",
        "特此告知。",
    )
    form.seal()
    return form


def refusal() -> Form:
    form = Form("投诉不予受理决定书")
    form.number()
    form.addressee()
    form.text(
        "我局于{{ received_on }}收到你关于{{ subject }}的投诉。经审查，属于{{ order }}{{ article }}"
        "第（{{ ground_item }}）项情形，我局决定不予受理。",
    )
    form.grounds()
    form.text(
        "理由：{{ reason }}",
        "你还可以依照《中华人民共和国消费者权益保护法》第三十九条，通过下列途径解决消费者权益争议：{{ remedies }}。",
        "特此告知。",
    )
    form.seal()
    return form


def mediation_notice() -> Form:
    form = Form("投诉调解通知书")
    form.number()
    form.addressee()
    form.text(
        "关于{{ subject }}的投诉，我局已于{{ accepted_on }}受理。依据{{ order }}{{ article }}，现组织双方当事人调解。请于"
        "{{ mediate_at }}到{{ place }}参加调解。无正当理由不参加调解的，我局将依法终止调解。",
        "请携带身份证明材料{% if bring %}和{{ bring }}{% endif %}；委托他人参加的，另需授权委托书和受托人身份证明。",
        "认为调解人员是投诉人或者被投诉人的近亲属或者有其他利害关系，可能影响公正处理投诉的，可以自收到本通知书之日起"
        "{{ recusal_days }}日内申请其回避。",
        "调解人员：{{ mediators }}；联系电话：{{ contact_phone }}。",
        "特此通知。",
    )
    form.seal()
    return form


def termination() -> Form:
    form = Form("投诉终止调解决定书")
    form.number()
    form.addressee()
    form.text(
        "关于{{ subject }}的投诉，我局于{{ accepted_on }}受理。因出现{{ order }}{{ article }}"
        "第（{{ ground_item }}）项情形，我局于{{ decided_on }}决定终止调解。",
    )
    form.grounds()
    form.text(
        "对终止调解决定不服的，可以{{ remedies }}。",
        "特此告知。",
    )
    form.seal()
    return form


def agreement() -> Form:
    form = Form("投诉调解书")
    form.number()
    form.table(
        ("投诉人", "{{ complainant_name }}", "委托代理人", "{{ complainant_agent }}"),
        ("被投诉人", "{{ respondent_name }}", "法定代表人", "{{ respondent_representative }}"),
        ("经营场所", "{{ respondent_address }}", "委托代理人", "{{ respondent_agent }}"),
    )
    form.line("")
    form.text(
        "投诉内容和请求：{{ matter }}",
        "依据{{ order }}{{ article }}，我局于{{ mediated_on }}组织双方当事人调解，双方自愿达成如下协议：",
        "{{ terms }}",
        "本调解书经双方当事人签名或者盖章后生效，一式三份，双方各执一份，我局留存一份归档。一方不履行的，另一方可以"
        "{{ remedies }}。",
    )
    form.line("投诉人（签名或者盖章）：")
    form.line("被投诉人（签名或者盖章）：")
    form.line("调解人员（签名）：{{ mediators }}")
    form.seal()
    return form


def report_result() -> Form:
    form = Form("举报处理结果告知书")
    form.number()
    form.addressee()
    form.text(
        "你于{{ received_on }}提出的关于{{ subject }}的举报，我局已依法处理。"
        "依据{{ legal_basis }}和{{ order }}{{ article }}，现将处理结果告知如下：",
        "{{ result }}",
        "特此告知。",
    )
    form.seal()
    return form


def council_notice() -> Form:
    form = Form("消费争议调解通知书")
    form.number()
    form.addressee()
    form.text(
        "关于{{ subject }}的投诉，本单位已于{{ accepted_on }}受理。依据{{ order }}{{ article }}，现组织双方当事人调解。请"
        "于{{ mediate_at }}到{{ place }}参加调解。调解以双方自愿为前提；无正当理由不参加的，本单位将终止调解。",
        "请携带身份证明材料{% if bring %}和{{ bring }}{% endif %}；委托他人参加的，另需授权委托书和受托人身份证明。",
        "认为调解员与本争议或者当事人有利害关系，可能影响公正调解的，可以自收到本通知书之日起{{ recusal_days }}日内申请其"
        "回避。",
        "调解员：{{ mediators }}；联系电话：{{ contact_phone }}。",
        "特此通知。",
    )
    form.seal()
    return form


def council_agreement() -> Form:
    form = Form("消费争议调解协议书")
    form.number()
    form.table(
        ("消费者", "{{ complainant_name }}", "委托代理人", "{{ complainant_agent }}"),
        ("经营者", "{{ respondent_name }}", "法定代表人", "{{ respondent_representative }}"),
        ("经营场所", "{{ respondent_address }}", "委托代理人", "{{ respondent_agent }}"),
    )
    form.line("")
    form.text(
        "争议事项和请求：{{ matter }}",
        "依据{{ order }}{{ article }}，双方当事人于{{ mediated_on }}在本单位主持下调解，自愿达成如下协议：",
        "{{ terms }}",
        "本协议书自双方当事人签名或者盖章之日起生效，双方应当按照约定履行。双方可以自协议生效之日起三十日内，共同向有管辖权"
        "的人民法院申请司法确认。一方不履行的，另一方可以{{ remedies }}。",
        "本协议书一式三份，双方各执一份，本单位留存一份。",
    )
    form.line("消费者（签名或者盖章）：")
    form.line("经营者（签名或者盖章）：")
    form.line("调解员（签名）：{{ mediators }}")
    form.seal()
    return form


def mediation_record() -> Form:
    form = Form("调解笔录")
    form.number()
    form.table(
        ("时间", "{{ held_at }}", "地点", "{{ place }}"),
        ("调解人员", "{{ mediators }}", "记录人", "{{ officer }}"),
        ("投诉人", "{{ complainant_name }}", "代理人", "{{ proxy }}"),
        ("被投诉人", "{{ respondent_name }}", "案件编号", "{{ case_number }}"),
        ("到场情况", "{{ present }}"),
    )
    form.line("")
    form.text("调解经过：", "{{ record }}", "调解结果：{{ outcome }}", "以上笔录经核对无误。")
    form.line("投诉人（签名）：　　　　　　　　年　月　日")
    form.line("被投诉人（签名）：　　　　　　　年　月　日")
    form.line("调解人员（签名）：　　　　　　　年　月　日")
    form.note("依据{{ order }}{{ article }}，由{{ agency }}留存。")
    return form


def court_application() -> Form:
    form = Form("司法确认申请书")
    form.line("卷宗编号：{{ number }}　　案件编号：{{ case_number }}", size=12, after=4)
    form.table(
        ("申请人（消费者）", "{{ complainant_name }}", "联系电话", "{{ complainant_phone }}"),
        ("证件类型", "{{ complainant_id_type }}", "证件号码", "{{ complainant_id_number }}"),
        ("住址", "{{ complainant_address }}", "委托代理人", "{{ complainant_agent }}"),
        ("申请人（经营者）", "{{ respondent_name }}", "统一社会信用代码", "{{ respondent_code }}"),
        ("住所", "{{ respondent_address }}", "法定代表人", "{{ respondent_representative }}"),
        ("委托代理人", "{{ respondent_agent }}"),
    )
    form.line("")
    form.text(
        "申请事项：确认双方申请人达成的调解协议有效。",
        "事实与理由：双方因{{ subject }}发生消费争议，{{ mediated_on }}经{{ agency }}（调解人员：{{ mediators }}）主持调"
        "解，自愿达成调解协议，该协议自{{ effective_on }}起生效，主要内容如下：",
        "{{ terms }}",
        "双方出于解决争议的目的自愿达成协议，没有恶意串通、规避法律的行为；协议内容给他人造成损害的，愿意承担相应的民事责任"
        "和其他法律责任。依据{{ legal_basis }}，双方自协议生效之日起三十日内共同申请，请予确认。",
        "附：调解协议、主持调解的调解组织和调解员证明、双方身份证明。",
    )
    form.line("此致")
    form.line("{{ court }}")
    form.line("申请人（签名）：　　　　　　　　年　月　日", align=RIGHT)
    form.line("申请人（签名或者盖章）：　　　　年　月　日", align=RIGHT)
    return form


def mediator_certificate() -> Form:
    form = Form("调解组织调解员证明")
    form.number()
    form.addressee("court")
    form.text(
        "{{ complainant_name }}与{{ respondent_name }}关于{{ subject }}的消费争议（案件编号：{{ case_number }}），由本"
        "单位受理，{{ mediators }}主持调解，双方于{{ mediated_on }}自愿达成调解协议。上述人员系本单位调解人员。",
        "特此证明。",
    )
    form.seal()
    return form


def warning_letter() -> Form:
    form = Form("告诫书")
    form.number()
    form.addressee("pledger")
    form.text(
        "你单位在{{ premises }}向社会公开作出“{{ pledge_type }}”承诺{% if pledge_number %}（编号：{{ pledge_number }}）"
        "{% endif %}，承诺期限为{{ pledge_term }}，承诺内容如下：",
        "{{ promise }}",
        "{{ received_on }}，消费者{% if dispute %}因{{ dispute }}问题{% endif %}提出{{ kind }}"
        "（案件编号：{{ case_number }}）。经核查，你单位未履行上述承诺，事实和理由如下：",
        "{{ findings }}",
        "向社会公开作出的承诺，经营者应当履行。依据{{ legal_basis }}，本单位于{{ warned_on }}对你单位予以告诫：",
        "{{ warned_of }}",
        "{% if correct_by %}请于{{ correct_by }}前（含当日）改正{% else %}请立即改正{% endif %}，"
        "并将改正情况书面报告本单位。",
        "逾期不改正、改正不到位或者再次违反承诺的，本单位将按照放心消费创建的有关规定暂停承诺，直至摘牌并向社会公示；涉嫌违法"
        "的，依法处理。",
        "联系人：{{ officer }}{% if contact_phone %}；联系电话：{{ contact_phone }}{% endif %}。",
    )
    form.seal()
    return form


FORMS = (
    complaint_register, report_register, dispatch_notice, identity_notice, acceptance, refusal, mediation_notice,
    termination, agreement, report_result, council_notice, council_agreement, mediation_record, court_application,
    mediator_certificate, warning_letter,
)  # fmt: skip


def parts(content: bytes) -> dict[str, bytes]:
    """What a package holds, without the times that archives keep."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def main(arguments: list[str]) -> int:
    stale = []
    for form in FORMS:
        path, content = FOLDER / f"{form.__name__}.docx", form().content()
        if not path.exists() or parts(path.read_bytes()) != parts(content):
            stale.append(path.name)
            if "--check" not in arguments:
                path.write_bytes(content)
    sys.stdout.write(f"{'differ' if '--check' in arguments else 'written'}: {', '.join(stale) or 'none'}\n")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
