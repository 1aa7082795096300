"""Every kind of paper, ordinary and stretched: its words, its pages, its glyphs."""

import io
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pypdf import PdfReader

from shared.documents import letters
from shared.documents.documents import Typesetter
from shared.documents.errors import UnprintableError
from shared.documents.parts import Document, Office, Person, Remedies
from tests.shared.documents import samples
from tests.shared.documents.samples import AT, HOSTILE, ORDINARY, RARE, STRETCHED


@pytest.fixture(scope="module")
def typesetter() -> Iterator[Typesetter]:
    opened = Typesetter()
    yield opened
    opened.close()


def pages(pdf: bytes) -> list[str]:
    """Without white space: where a line ends is the typesetter's business."""
    return [re.sub(r"[\s\u200b]+", "", p.extract_text()) for p in PdfReader(io.BytesIO(pdf)).pages]


async def text_of(typesetter: Typesetter, document: Document) -> str:
    return "".join(pages(await typesetter.render(document, at=AT)))


SENTENCES = {
    "receipt": [
        "收件凭证与收件清单",
        "不代表受理",
        samples.CASE,
        samples.TRACKING,
        "交件人（签名）",
        "盖章处",
    ],
    "notice": [
        "补正通知书",
        "一次告知如下",
        "缺少2019年度缴费记录页",
        "2026年4月8日以前",
        "视为撤回申请",
        "首问负责人",
    ],
    "acceptance": [
        "受理通知书",
        "第三十二条第一款第五项",
        "自2026年3月6日起予以受理",
        "兰州市生态环境局委托出具",
    ],
    "refusal": [
        "不予受理通知书",
        "第三十二条第一款第二项",
        "请向有权机关白银市生态环境局申请",
        "六十日内",
        "六个月内",
        "理由：",
    ],
    "deferral": [
        "容缺受理承诺书",
        "解除劳动合同证明",
        "2026年3月26日以前",
        "办理结果不予发放或寄送",
        "承诺人（签名或盖章）",
    ],
    "commitment": [
        "告知承诺书",
        "一、行政机关告知",
        "二、申请人承诺",
        "不实承诺的责任",
        "愿意接受核查",
    ],
    "denial": [
        "不予许可决定书",
        "第三十八条第二款",
        "不予行政许可。",
        "行政复议",
        "行政诉讼",
        "兰州铁路运输法院",
    ],
    "extension": [
        "延期告知书",
        "第四十二条",
        "延长10个工作日",
        "2026年4月20日以前",
        "需要向原审批机关核实",
    ],
    "special_procedure": [
        "特别程序告知书",
        "第四十五条",
        "专家评审",
        "15个工作日",
        "不计算在办理期限内",
    ],
    "delivery_proof": [
        "送达回证",
        "受送达人",
        "代收人",
        "见证人签名",
        "送达人签名",
        "城关人社办〔2026〕88号",
    ],
    "checklist": [
        "办理材料清单",
        "可以免交：电子证照：居民身份证",
        "可以容缺",
        "不代表收件或者受理",
    ],
    "received_materials": ["已收材料清单", "2026年3月12日", "尚未提交的材料", "不代表受理"],
    "manifest": [
        "材料交接清单",
        "P630102-2603-000017",
        "0045821",
        "共3件",
        "相符缺失破损",
        "接收人（签名）",
    ],
    "handover": ["邮件交寄清单", "EA000000008CN", "共2件", "揽收人（签名）"],
    "parcel_label": ["专袋专用", "送往", "P630102-2603-000017", "材料：3件"],
    "original_labels": ["6301022600000123401", "解除劳动合同证明", "送往"],
    "dispatch_label": ["EA000000008CN", "收张三13900000000", "邮编：730000", "内件：证照1件"],
}

PAGES = {
    "receipt": 5,
    "notice": 8,
    "acceptance": 3,
    "refusal": 4,
    "deferral": 3,
    "commitment": 3,
    "denial": 3,
    "extension": 2,
    "special_procedure": 2,
    "delivery_proof": 2,
    "checklist": 4,
    "received_materials": 6,
    "manifest": 7,
    "handover": 8,
    "parcel_label": 1,
    "original_labels": 3,
    "dispatch_label": 1,
}


@pytest.mark.parametrize("kind", sorted(ORDINARY))
async def test_an_ordinary_document_fits_one_page_and_says_what_it_must(
    typesetter: Typesetter, kind: str
) -> None:
    [page] = pages(await typesetter.render(ORDINARY[kind], at=AT))
    assert [sentence for sentence in SENTENCES[kind] if sentence not in page] == []
    assert "共1页" not in page


@pytest.mark.parametrize("kind", sorted(STRETCHED))
async def test_a_long_document_breaks_over_numbered_pages_and_loses_nothing(
    typesetter: Typesetter, kind: str
) -> None:
    found = pages(await typesetter.render(STRETCHED[kind], at=AT))
    assert len(found) == PAGES[kind]
    if len(found) > 1 and kind != "original_labels":
        assert all(f"第{i}页共{len(found)}页" in page for i, page in enumerate(found, 1))


async def test_a_list_that_goes_on_repeats_its_head(typesetter: Typesetter) -> None:
    found = pages(await typesetter.render(STRETCHED["handover"], at=AT))
    assert all("运单号本单位编号收件人" in page for page in found)
    assert "EA000000149CN" in found[-1]


async def test_no_seal_stands_on_a_page_without_text(typesetter: Typesetter) -> None:
    for kind in ("denial", "extension", "special_procedure", "refusal"):
        last = pages(await typesetter.render(STRETCHED[kind], at=AT))[-1]
        assert last.index("咨询：") < last.index("盖章处")


@pytest.mark.parametrize("kind", ["notice", "acceptance", "refusal", "denial", "extension"])
async def test_rare_and_long_names_print_whole(typesetter: Typesetter, kind: str) -> None:
    text = await text_of(typesetter, STRETCHED[kind])
    assert re.sub(r"\s", "", samples.LONG_NAME) in text
    assert RARE in text


async def test_the_fonts_are_embedded_and_no_glyph_is_missing(typesetter: Typesetter) -> None:
    pdf = await typesetter.render(STRETCHED["receipt"], at=AT)
    names = set()
    for page in PdfReader(io.BytesIO(pdf)).pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            [inner] = font.get_object()["/DescendantFonts"]
            descriptor = inner.get_object()["/FontDescriptor"].get_object()
            assert "/FontFile3" in descriptor or "/FontFile2" in descriptor
            names.add(str(font.get_object()["/BaseFont"]).split("+")[1])
    assert {name.split("-Identity")[0] for name in names} == {
        "TongbanSong-Regular",
        "TongbanSongRare-Regular",
    }


async def test_a_character_that_no_font_has_is_refused_by_name(typesetter: Typesetter) -> None:
    document = replace(samples.receipt(), applicant=Person("王\U00031350"))
    with pytest.raises(UnprintableError) as caught:
        await typesetter.render(document, at=AT)
    assert caught.value.characters == ("\U00031350",)


@pytest.mark.parametrize("kind", ["receipt", "notice", "refusal", "manifest", "dispatch_label"])
async def test_markup_in_what_people_write_stays_text(typesetter: Typesetter, kind: str) -> None:
    hostile = {
        "receipt": replace(
            samples.receipt(), applicant=Person(HOSTILE), limit=HOSTILE, remarks=(HOSTILE,)
        ),
        "notice": replace(samples.notice(), gaps=(letters.Gap(HOSTILE, HOSTILE, HOSTILE),)),
        "refusal": replace(samples.refusal(), reason=HOSTILE, competent_authority=HOSTILE),
        "manifest": replace(samples.manifest(), sealed_by=HOSTILE, sender=Office(HOSTILE, HOSTILE)),
        "dispatch_label": replace(samples.dispatch_label(), contents=HOSTILE),
    }
    assert re.sub(r"\s", "", HOSTILE) in await text_of(typesetter, hostile[kind])


async def test_the_same_document_gives_the_same_bytes(typesetter: Typesetter) -> None:
    first = await typesetter.render(samples.receipt(), at=AT)
    assert first == await typesetter.render(samples.receipt(), at=AT)


async def test_a_repeated_notice_says_that_nothing_was_added(typesetter: Typesetter) -> None:
    text = await text_of(typesetter, replace(samples.notice(), repeated=True))
    assert "没有新增内容" in text


async def test_a_notice_at_the_window_has_its_own_title(typesetter: Typesetter) -> None:
    notice = replace(samples.notice(), title=letters.NoticeTitle.AT_WINDOW)
    assert "一次性告知书" in await text_of(typesetter, notice)


async def test_what_is_no_licence_does_not_cite_the_licensing_law(typesetter: Typesetter) -> None:
    for document in (
        samples.notice(),
        replace(samples.acceptance(), matter=samples.SCHOOL),
        replace(samples.denial(), matter=samples.SCHOOL),
        replace(samples.extension(), matter=samples.SCHOOL),
    ):
        text = await text_of(typesetter, document)
        assert "行政许可法" not in text
        assert "不予行政许可" not in text


@pytest.mark.parametrize("ground", sorted(letters.Ground))
async def test_only_an_incompetent_office_names_the_right_one(
    typesetter: Typesetter, ground: letters.Ground
) -> None:
    right = "白银市生态环境局" if ground is letters.Ground.NOT_COMPETENT else ""
    refusal = replace(samples.refusal(), ground=ground, competent_authority=right)
    assert ("请向有权机关" in await text_of(typesetter, refusal)) is bool(right)


@pytest.mark.parametrize("ground", sorted(letters.Ground))
def test_a_refusal_that_names_the_wrong_office_is_not_made(ground: letters.Ground) -> None:
    wrong = "" if ground is letters.Ground.NOT_COMPETENT else "白银市生态环境局"
    with pytest.raises(ValueError, match="right authority"):
        replace(samples.refusal(), ground=ground, competent_authority=wrong)


async def test_review_first_leads_to_the_court_only_afterwards(typesetter: Typesetter) -> None:
    refusal = replace(samples.refusal(), remedies=Remedies(review_first=True))
    text = await text_of(typesetter, refusal)
    assert "应当先自收到本文书之日起六十日内依法向有权的行政复议机关申请行政复议" in text
    assert "十五日内" in text


async def test_the_time_it_takes_is_shown(
    typesetter: Typesetter, capsys: pytest.CaptureFixture[str]
) -> None:
    longest = replace(samples.receipt(), materials=samples.many_materials(2_000))
    taken = {}
    for name, document in (("ordinary", samples.receipt()), ("2,000 lines", longest)):
        began = time.perf_counter()
        pdf = await typesetter.render(document, at=AT)
        taken[name] = (time.perf_counter() - began) * 1000
        assert pdf.startswith(b"%PDF-1.7")
    with capsys.disabled():
        print("; ".join(f"{name}: {ms:.0f} ms" for name, ms in taken.items()))  # noqa: T201
