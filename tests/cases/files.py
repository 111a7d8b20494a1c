"""Made-up files in the format of the national platform, for tests of the import."""

import csv
from pathlib import Path

import xlsxwriter

HEADER = [
    "登记编号", "类型", "接收方式", "登记时间", "企业名称", "企业地址", "诉求内容", "问题类别全称", "客体类别全称",
    "销售方式", "消费金额(单位:元)", "挽回经济损失(单位:元)", "初查受理状态", "办理情况状态", "处理机构", "处理部门",
    "初查时间", "受理时间", "办结时间", "调解结果", "统一社会信用代码", "姓名", "联系电话", "证件号码", "行政区划",
]  # fmt: skip
COMPLAINT = {
    "登记编号": "33010600002020050600000001", "类型": "投诉", "接收方式": "12315热线", "登记时间": "2020-05-06 09:30:00",
    "企业名称": "杭州青禾健身有限公司", "企业地址": "杭州市西湖区文三路1号", "诉求内容": "要求退还余额1200元",
    "问题类别全称": "合同", "客体类别全称": "服务->美容美发洗浴", "销售方式": "现场", "消费金额(单位:元)": "1200.00",
    "挽回经济损失(单位:元)": "800.50", "初查受理状态": "受理", "办理情况状态": "已办结",
    "处理机构": "杭州市西湖区市场监督管理局", "处理部门": "消保科", "初查时间": "2020-05-08 10:00:00",
    "受理时间": "2020-05-08 10:00:00", "办结时间": "2020-06-01 16:00:00", "调解结果": "达成调解协议",
    "统一社会信用代码": "", "姓名": "王小明", "联系电话": "13800001234", "证件号码": "", "行政区划": "西湖区",
}  # fmt: skip


def row(**changes) -> dict[str, str]:
    """A complaint with some cells changed; keys are headers without the unit in brackets."""
    full = {header.partition("(")[0]: header for header in HEADER}
    return COMPLAINT | {full[name]: value for name, value in changes.items()}


def rows(count: int, **changes) -> list[dict[str, str]]:
    """`count` complaints with running numbers."""
    return [row(登记编号=f"3301{n:08d}", **changes) for n in range(1, count + 1)]


def write(path: Path, lines: list[dict], *, encoding: str = "utf-8-sig", header: list[str] | None = None) -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, header or HEADER, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(lines)
    return path


def write_sheet(path: Path, lines: list[dict], *, header: list[str] | None = None) -> Path:
    """A workbook; what is a number in `lines` stands in a number cell."""
    header = header or HEADER
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for at, line in enumerate([dict(zip(header, header, strict=True)), *lines]):
            for column, name in enumerate(header):
                write_cell = sheet.write_string if isinstance(line[name], str) else sheet.write_number
                write_cell(at, column, line[name])
    return path


ORDER = {
    "工单编号": "HZ2020050600001", "12315登记编号": "", "诉求类型": "投诉", "受理渠道": "12345政务服务便民热线",
    "来电时间": "2020-05-06 09:10:00", "签收时间": "2020-05-08 10:00:00", "办结时间": "2020-06-01 16:00:00",
    "诉求内容": "健身房不退余额", "涉事单位": "杭州青禾健身有限公司", "行政区划": "西湖区",
    "承办单位": "杭州市西湖区市场监督管理局", "涉及金额": "1200.00", "挽回经济损失": "800.50",
    "受理状态": "已受理", "工单状态": "已办结", "办理结果": "达成调解协议", "市民姓名": "王小明",
    "来电号码": "13800001234",
}  # fmt: skip


def order(**changes) -> dict[str, str]:
    """A work order of the 12345 line about the dispute of COMPLAINT; `further` is its number there."""
    further = changes.pop("further", "")
    return ORDER | {"12315登记编号": further} | changes


def write_orders(path: Path, lines: list[dict]) -> Path:
    return write(path, lines, header=list(ORDER))


def write_with_references(path: Path, lines: list[dict]) -> Path:
    """A file of the national platform in which `12345工单号` names the work order."""
    return write(path, lines, header=[*HEADER, "12345工单号"])
