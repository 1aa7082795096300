"""One ordinary document of every kind, and the same kinds stretched as far as life does."""

from dataclasses import replace
from datetime import UTC, date, datetime

from shared.documents import labels, letters, lists
from shared.documents.parts import Document, Material, Matter, Office, Person, Remedies

CASE = "63010226000001234"
TRACKING = "7H2KM-9QXVR-B4D8T-WZ3PC"
AT = datetime(2026, 3, 5, 6, 30, tzinfo=UTC)
RECEIVED = date(2026, 3, 5)

WINDOW = Office(
    "西宁市城东区政务服务中心", "西宁市城东区示范路 1 号", "0971-0000000", "工作日 9:00—17:00"
)
HANDLING = Office("兰州市城关区人力资源和社会保障局", "兰州市城关区示范街 2 号", "0931-0000000")
SCHOOL = Matter(
    "企业职工基本养老保险关系转移接续（跨省转入）", "11620100013900000120006200000000031"
)
LICENCE = Matter("排污许可证申请（简化管理）", "11620100013900000120000100000000001", licence=True)
APPLICANT = Person("张三", "居民身份证 6301**********1234", "139****0000")
COMPANY = Person("甘肃示范环保材料有限公司", "统一社会信用代码 91620100MA0000000X")
AGENT = Person("李四", "居民身份证 6201**********5678", capacity="委托代理人")
MATERIALS = (
    Material("基本养老保险关系转移接续申请表", "原件", 1, "收存，随办件流转"),
    Material("居民身份证", "原件", 1, "核验后当场退还"),
    Material("基本养老保险参保缴费凭证", "电子件", 1, "收到"),
    Material("解除劳动合同证明", "", None, "容缺，限期补交"),
)

RARE = "㛃𬎆䶮𬭼𫍽"
"""In names of living people; from extensions A, B, C and E."""

LONG_NAME = "阿卜杜热合曼·买买提依明江·托合提如则·" * 3 + RARE
LONG_OFFICE = Office(
    "海西蒙古族藏族自治州茫崖市冷湖镇人民政府便民服务中心（原冷湖行政委员会政务服务大厅）" * 2,
    "青海省海西蒙古族藏族自治州茫崖市冷湖镇巴彦浩特东路与团结路交叉口东北角综合服务楼一层西侧" * 2,
    "0977-0000000 转 8001、8002、8003",
    "夏令时 9:00—12:30、14:30—18:00，冬令时 9:00—12:00、14:00—17:30，法定节假日休息",
)
LONG_TEXT = "经核查，所提交的材料与登记信息不一致，需要由原出具单位更正后重新提交。" * 20
HOSTILE = (
    '#panic("x") *bold* _it_ $x^2$ \\ #import "/etc/passwd": * `raw` <label> @ref '
    "// 注 /* 释 */ [a](b) = 标题"
)


def many_materials(count: int) -> tuple[Material, ...]:
    return tuple(
        Material(
            f"第 {i} 项材料：{'证明文件' * (i % 7 + 1)}", "原件", i % 5 + 1, "收存，随办件流转"
        )
        for i in range(1, count + 1)
    )


def receipt() -> letters.Receipt:
    return letters.Receipt(
        case_number=CASE,
        tracking_code=TRACKING,
        progress_url=f"https://tongban.example/p/{TRACKING}",
        matter=SCHOOL,
        mode="异地代收代办",
        applicant=APPLICANT,
        representative=AGENT,
        window=WINDOW,
        handled_at=HANDLING.name,
        received_at=AT,
        received_by="王五",
        materials=MATERIALS,
        limit="自受理之日起 15 个工作日",
        delivery="邮政寄递，邮费由政府承担",
        remarks=("原件随办件寄往办理地，办结后退还。",),
    )


def notice() -> letters.Notice:
    return letters.Notice(
        number="城关人社补〔2026〕18 号",
        case_number=CASE,
        matter=SCHOOL,
        addressee=APPLICANT,
        authority=HANDLING,
        gaps=(
            letters.Gap(
                "基本养老保险参保缴费凭证", "缺少 2019 年度缴费记录页", "向原参保地社保经办机构补打"
            ),
            letters.Gap("转移接续申请表第 3 栏", "未填写转出地经办机构名称", "填写后签名"),
        ),
        received_on=RECEIVED,
        issued_on=date(2026, 3, 9),
        due_on=date(2026, 4, 8),
        bring_to=WINDOW,
        first_asked="王五（西宁市城东区政务服务中心）",
        consequence="逾期未补正的，视为撤回申请，已收原件退还。",
    )


def acceptance() -> letters.Acceptance:
    return letters.Acceptance(
        number="兰环受〔2026〕7 号",
        case_number=CASE,
        matter=LICENCE,
        addressee=COMPANY,
        authority=Office("兰州市生态环境局", "兰州市示范路 3 号", "0931-0000001"),
        handled_by=WINDOW,
        received_on=RECEIVED,
        accepted_on=date(2026, 3, 6),
        limit="自受理之日起 20 个工作日（承诺时限）",
        due_on=date(2026, 4, 3),
        special_procedures=("检验", "专家评审"),
        materials=MATERIALS[:3],
        fee="不收费",
        delivery="邮政寄递",
    )


def refusal() -> letters.Refusal:
    return letters.Refusal(
        number="兰环不受〔2026〕2 号",
        case_number=CASE,
        matter=LICENCE,
        addressee=COMPANY,
        authority=Office("兰州市生态环境局", "兰州市示范路 3 号", "0931-0000001"),
        ground=letters.Ground.NOT_COMPETENT,
        competent_authority="白银市生态环境局",
        reason="生产经营场所位于白银市白银区，应当由生产经营场所所在地的生态环境主管部门办理。",
        received_on=RECEIVED,
        refused_on=date(2026, 3, 9),
        returned=MATERIALS[:2],
        remedies=Remedies("兰州市人民政府", "兰州铁路运输法院"),
    )


def deferral() -> letters.DeferralPromise:
    return letters.DeferralPromise(
        number="R-2026-0001",
        case_number=CASE,
        matter=SCHOOL,
        applicant=APPLICANT,
        representative=AGENT,
        authority=HANDLING,
        window=WINDOW,
        deferred=MATERIALS[3:],
        due_on=date(2026, 3, 26),
        consequence="按承诺视为撤回申请",
        barred="自逾期之日起 12 个月内不再适用容缺受理。",
    )


def commitment() -> letters.Commitment:
    return letters.Commitment(
        number="C-2026-0001",
        case_number=CASE,
        matter=LICENCE,
        applicant=COMPANY,
        authority=Office("兰州市生态环境局"),
        legal_basis="《排污许可管理条例》第十一条",
        conditions=("依法取得建设项目环境影响报告书（表）批准文件", "污染物排放符合排放标准要求"),
        replaced=(Material("自行监测方案", "", None, "以承诺代替"),),
        later_check="自作出决定之日起 60 日内核查。",
        liability="承诺不实的，依法撤销决定，并将有关信息记入信用记录。",
        promise="所承诺内容如有不实，愿意退还已经取得的证照。",
    )


def denial() -> letters.Denial:
    return letters.Denial(
        number="兰环不许〔2026〕1 号",
        case_number=CASE,
        matter=LICENCE,
        addressee=COMPANY,
        authority=Office("兰州市生态环境局", "兰州市示范路 3 号", "0931-0000001"),
        accepted_on=date(2026, 3, 6),
        decided_on=date(2026, 4, 2),
        facts="现场核查时，污染防治设施尚未建成。",
        reason="不符合颁发排污许可证的条件。",
        legal_basis="《排污许可管理条例》第十一条第二项",
        remedies=Remedies("兰州市人民政府", "兰州铁路运输法院"),
    )


def extension() -> letters.Extension:
    return letters.Extension(
        number="兰环延〔2026〕1 号",
        case_number=CASE,
        matter=LICENCE,
        addressee=COMPANY,
        authority=Office("兰州市生态环境局", "兰州市示范路 3 号", "0931-0000001"),
        accepted_on=date(2026, 3, 6),
        was_due_on=date(2026, 4, 3),
        due_on=date(2026, 4, 20),
        working_days=10,
        reason="需要向原审批机关核实历史批准文件。",
        approved_by="本机关负责人",
        issued_on=date(2026, 4, 1),
    )


def special_procedure() -> letters.SpecialProcedure:
    return letters.SpecialProcedure(
        number="兰环特〔2026〕1 号",
        case_number=CASE,
        matter=LICENCE,
        addressee=COMPANY,
        authority=Office("兰州市生态环境局", "兰州市示范路 3 号", "0931-0000001"),
        handled_by=WINDOW,
        accepted_on=date(2026, 3, 6),
        procedure="专家评审",
        working_days=15,
        begins_on=date(2026, 3, 16),
        reason="排放口设置方案需要组织专家评审。",
        issued_on=date(2026, 3, 13),
    )


def delivery_proof() -> letters.DeliveryProof:
    return letters.DeliveryProof(
        number="D-2026-0001",
        case_number=CASE,
        matter=SCHOOL,
        recipient=APPLICANT,
        authority=HANDLING,
        papers=(
            letters.Delivered("基本养老保险关系转移接续办结通知书", "城关人社办〔2026〕88 号"),
        ),
        method="收件窗口领取",
        place=WINDOW.name,
    )


def checklist() -> lists.Checklist:
    return lists.Checklist(
        matter=SCHOOL,
        version="3",
        mode="异地代收代办",
        situation="自然人，本人办理",
        authority=HANDLING.name,
        window=WINDOW,
        materials=(
            lists.Needed("转移接续申请表", "原件或电子件", "1", "申请人", "一式一份，本人签名"),
            lists.Needed(
                "居民身份证", "原件", "1", "公安机关", "在有效期内", spared="电子证照：居民身份证"
            ),
            lists.Needed("解除劳动合同证明", "原件", "1", "用人单位", deferrable=True),
        ),
        limit="自受理之日起 15 个工作日",
        fee="不收费",
        delivery="邮政寄递，或者到收件窗口领取",
        printed_on=RECEIVED,
    )


def received_materials() -> lists.ReceivedMaterials:
    return lists.ReceivedMaterials(
        case_number=CASE,
        matter=SCHOOL,
        applicant=APPLICANT,
        window=WINDOW,
        materials=(
            lists.Received("转移接续申请表", "原件", 1, RECEIVED, "收存，随办件流转"),
            lists.Received("参保缴费凭证", "电子件", 1, date(2026, 3, 12), "收到"),
        ),
        promised=(MATERIALS[3],),
        printed_at=AT,
    )


def manifest() -> lists.Manifest:
    return lists.Manifest(
        parcel="P630102-2603-000017",
        seal_number="0045821",
        sender=WINDOW,
        receiver=HANDLING,
        sealed_at=AT,
        sealed_by="赵六",
        carrier="邮政速递",
        waybill="EA000000008CN",
        originals=(
            lists.Original("6301022600000123401", CASE, "转移接续申请表", "张*"),
            lists.Original("6301022600000123402", CASE, "解除劳动合同证明", "张*"),
            lists.Original("6301022600000567801", "63010226000005678", "户口迁移申请表", "李*"),
        ),
    )


def handover() -> lists.HandoverList:
    return lists.HandoverList(
        number="H630102-20260305-01",
        place=WINDOW,
        carrier="邮政速递",
        handed_on=RECEIVED,
        dispatches=(
            lists.Handed("EA000000008CN", "N-000123", "张*", "甘肃省兰州市城关区", "证照", "政府"),
            lists.Handed(
                "EA000000011CN", "P-000017", HANDLING.name, "甘肃省兰州市", "材料", "政府"
            ),
        ),
    )


def parcel_label() -> labels.ParcelLabel:
    return labels.ParcelLabel(
        parcel="P630102-2603-000017",
        seal_number="0045821",
        sender=WINDOW,
        receiver=HANDLING,
        count=3,
        sealed_at=AT,
    )


def original_labels() -> labels.OriginalLabels:
    return labels.OriginalLabels(
        labels=tuple(
            labels.OriginalLabel(f"630102260000012340{i}", CASE, name, HANDLING.name)
            for i, name in enumerate(("转移接续申请表", "解除劳动合同证明", "户口簿"), 1)
        )
    )


def dispatch_label() -> labels.DispatchLabel:
    return labels.DispatchLabel(
        carrier="邮政速递",
        waybill="EA000000008CN",
        reference="N-000123",
        sender=labels.Correspondent(WINDOW.name, WINDOW.phone, WINDOW.address, "810000"),
        recipient=labels.Correspondent(
            "张三", "13900000000", "甘肃省兰州市城关区示范小区 5 号楼 2 单元 301 室", "730000"
        ),
        contents="证照 1 件",
        payer="政府承担",
        printed_on=RECEIVED,
    )


ORDINARY: dict[str, Document] = {
    each.template: each
    for each in (
        receipt(),
        notice(),
        acceptance(),
        refusal(),
        deferral(),
        commitment(),
        denial(),
        extension(),
        special_procedure(),
        delivery_proof(),
        checklist(),
        received_materials(),
        manifest(),
        handover(),
        parcel_label(),
        original_labels(),
        dispatch_label(),
    )
}

_LONG = Person(LONG_NAME, "外国人永久居留身份证 " + "X" * 40, capacity="委托代理人")
_WIDE = Matter("关于" + "跨省异地长期居住人员" * 8 + "的备案", "1" * 50)
_CROWD = labels.Correspondent(
    LONG_NAME, "13900000000", LONG_OFFICE.address + "，" + LONG_OFFICE.name, "810000"
)

STRETCHED: dict[str, Document] = {
    "receipt": replace(
        receipt(),
        applicant=_LONG,
        representative=_LONG,
        matter=_WIDE,
        window=LONG_OFFICE,
        handled_at=LONG_OFFICE.name,
        materials=many_materials(60),
        missing=many_materials(5),
        remarks=(LONG_TEXT, "第二条"),
    ),
    "notice": replace(
        notice(),
        addressee=_LONG,
        matter=replace(_WIDE, licence=True),
        authority=LONG_OFFICE,
        bring_to=LONG_OFFICE,
        handled_by=LONG_OFFICE,
        gaps=tuple(letters.Gap(f"材料 {i}", LONG_TEXT[: 40 * i], "更正") for i in range(1, 16)),
        repeated=True,
    ),
    "acceptance": replace(
        acceptance(),
        addressee=_LONG,
        matter=_WIDE,
        materials=many_materials(40),
        deferred=MATERIALS,
    ),
    "refusal": replace(
        refusal(),
        addressee=_LONG,
        matter=_WIDE,
        ground=letters.Ground.OTHER,
        competent_authority="",
        reason=LONG_TEXT * 3,
        returned=many_materials(30),
        remedies=Remedies(review_first=True),
    ),
    "deferral": replace(
        deferral(), applicant=_LONG, deferred=many_materials(30), window=LONG_OFFICE
    ),
    "commitment": replace(
        commitment(),
        applicant=_LONG,
        representative=_LONG,
        conditions=(LONG_TEXT, LONG_TEXT, "第三"),
        promise="第一段\n第二段",
    ),
    "denial": replace(
        denial(), addressee=_LONG, matter=_WIDE, facts=LONG_TEXT, reason=LONG_TEXT * 2
    ),
    "extension": replace(extension(), addressee=_LONG, matter=_WIDE, reason=LONG_TEXT),
    "special_procedure": replace(
        special_procedure(), addressee=_LONG, authority=LONG_OFFICE, reason=LONG_TEXT
    ),
    "delivery_proof": replace(
        delivery_proof(),
        recipient=_LONG,
        matter=_WIDE,
        papers=tuple(letters.Delivered(f"证照 {i}", "A" * 40) for i in range(12)),
        delivered_at=AT,
        collector="王七（配偶），受送达人外出务工",
        identity_checked="已核验居民身份证原件",
        reference="EA000000008CN",
        server="王五、赵六",
        remark=LONG_TEXT[:120],
    ),
    "checklist": replace(
        checklist(),
        matter=_WIDE,
        situation=LONG_TEXT[:80],
        materials=tuple(
            lists.Needed(
                f"材料 {i} " + "证明" * i,
                "原件、复印件或者电子件",
                "原件 1 份，复印件 2 份",
                "县级以上人民政府民政部门",
                LONG_TEXT[:60],
                "因为申请人未满十六周岁",
                "电子证照",
                True,
            )
            for i in range(1, 16)
        ),
    ),
    "received_materials": replace(
        received_materials(),
        applicant=_LONG,
        matter=_WIDE,
        window=LONG_OFFICE,
        materials=tuple(
            lists.Received("材料" * (i % 20 + 1), "此前办件已交", i, date(2026, 12, 31), "免交")
            for i in range(1, 70)
        ),
        promised=many_materials(8),
    ),
    "manifest": replace(
        manifest(),
        sender=LONG_OFFICE,
        originals=tuple(
            lists.Original(f"63010226{i:011}", CASE, "材料" * (i % 20 + 1), RARE[i % 5] + "*")
            for i in range(120)
        ),
    ),
    "handover": replace(
        handover(),
        dispatches=tuple(
            lists.Handed(
                f"EA{i:09}CN",
                f"N-{i:06}",
                RARE[i % 5] + "*",
                "甘肃省兰州市城关区" * (i % 3 + 1),
                "证照",
                "申请人",
            )
            for i in range(150)
        ),
    ),
    "parcel_label": replace(
        parcel_label(), receiver=LONG_OFFICE, sender=LONG_OFFICE, waybill="EA000000008CN"
    ),
    "original_labels": labels.OriginalLabels(
        labels=tuple(
            labels.OriginalLabel(
                f"63010226{i:011}", CASE, "材料" * (i % 30 + 1), LONG_OFFICE.name * (i % 3)
            )
            for i in range(1, 51)
        ),
        skip=5,
    ),
    "dispatch_label": replace(
        dispatch_label(), sender=_CROWD, recipient=_CROWD, contents=LONG_TEXT[:90]
    ),
}
