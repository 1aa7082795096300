"""What a window hands in for an applicant: the shape the API promises, and the looser shape in
which a half-readable submission can still be examined."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictBool, StrictInt

from services.intake.domain.words import (
    Capacity,
    Channel,
    DeliveryMethod,
    How,
    IdType,
    Kind,
    MaterialForm,
    Mode,
    Need,
)
from shared.security.personal import Personal

Code = Annotated[str, Field(min_length=1, max_length=50)]
Division = Annotated[str, Field(max_length=12)]
Count = Annotated[StrictInt, Field(ge=1, le=99)]


class Part(BaseModel):
    """A part as far as it could be read: `None` where something is missing or unreadable."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PartialParty(Part):
    kind: Kind | None = None
    name: str | None = None
    id_type: IdType | None = None
    id_number: Annotated[
        str | None,
        Personal("id_number"),
        Field(
            title="证件号码",
            max_length=50,
            description="与证件类型相符；设立中的单位可空",
            examples=["630104199003070012"],
        ),
    ] = None
    phone: Annotated[
        str | None,
        Personal("phone"),
        Field(title="联系电话", max_length=30, description="手机或固定电话，接收办理通知"),
    ] = None
    address: Annotated[str | None, Personal("address"), Field(title="通讯地址", max_length=200)] = (
        None
    )
    birth_date: Annotated[
        str | None,
        Personal("text"),
        Field(
            title="出生日期",
            max_length=10,
            description="证件号码中没有出生日期时填写，如 1990-03-07",
        ),
    ] = None


class PartialApplicant(PartialParty):
    incapacitated: Annotated[
        StrictBool | None,
        Field(
            title="无民事行为能力或限制民事行为能力",
            description="任何年龄；为真时须由监护人代为办理",
        ),
    ] = None
    legal_representative: Annotated[
        str | None,
        Personal("name"),
        Field(title="法定代表人姓名", max_length=200, description="单位申请时可填"),
    ] = None


class ApplicantIn(PartialApplicant):
    """申请人：自然人，或法人和其他组织（包括设立中的）。"""

    kind: Kind = Field(title="申请人类别", description="person 自然人；organisation 单位")
    name: Annotated[str, Personal("name")] = Field(
        title="姓名或名称", max_length=200, description="与证件一致，生僻字照录", examples=["张䶮"]
    )
    id_type: IdType = Field(
        title="证件类型",
        description="设立中尚无证照的单位填 being_founded",
        examples=["resident_id"],
    )


class PartialRepresentative(PartialParty):
    capacity: Capacity | None = None


class RepresentativeIn(PartialRepresentative):
    """代为办理的人。"""

    kind: Kind = Field(default=Kind.PERSON, title="类别", description="一般为自然人")
    name: Annotated[str, Personal("name")] = Field(title="姓名", max_length=200)
    id_type: IdType = Field(title="证件类型")
    capacity: Capacity = Field(
        title="身份",
        description=(
            "guardian 监护人；attorney 委托代理人；legal_representative 法定代表人；"
            "handler 经办人；helper 帮办人员"
        ),
    )


class PartialMaterial(Part):
    code: Code | None = None
    form: MaterialForm | None = None
    count: Count | None = None
    e_certificate_id: Annotated[
        str | None,
        Personal("id_number"),
        Field(
            title="电子证照标识",
            max_length=100,
            description="以 1.2.156.3005.2 开头的电子证照标识，form 为 e_certificate 时必填",
        ),
    ] = None
    earlier_case: Annotated[
        str | None,
        Field(
            title="此前办件编号",
            max_length=50,
            description="同一申请人此前已交过这份材料的办件，form 为 earlier_case 时必填",
        ),
    ] = None


class MaterialIn(PartialMaterial):
    """一份材料。同一编码可以有多行（例如原件一行、复印件一行）。"""

    code: Code = Field(title="材料编码", description="事项清单中的材料编码", examples=["M1"])
    form: MaterialForm = Field(
        title="提交形式",
        description=(
            "original 原件；copy 复印件；electronic 电子件；e_certificate 电子证照；"
            "earlier_case 此前办件已交"
        ),
    )
    count: Count = Field(default=1, title="份数")


class PartialPromise(Part):
    committed: StrictBool | None = None
    materials: tuple[Code | None, ...] = ()


class DeferralIn(PartialPromise):
    """容缺受理：申请人自愿选择，签署承诺书，缺少的材料限期补交。"""

    committed: StrictBool = Field(title="已签署容缺受理承诺书")
    materials: tuple[Code, ...] = Field(
        title="容缺的材料", description="稍后补交的材料编码", max_length=100, examples=[["M5"]]
    )


class CommitmentIn(PartialPromise):
    """告知承诺：以书面承诺代替材料，事后核查。"""

    committed: StrictBool = Field(title="已签署告知承诺书")
    materials: tuple[Code, ...] = Field(
        default=(), title="以承诺代替的材料", max_length=100, description="材料编码，可空"
    )


class PartialDelivery(Part):
    method: DeliveryMethod | None = None
    recipient: Annotated[
        str | None,
        Personal("name"),
        Field(title="收件人", max_length=200, description="邮政寄递时必填"),
    ] = None
    phone: Annotated[
        str | None,
        Personal("phone"),
        Field(title="收件人电话", max_length=30, description="邮政寄递时必填"),
    ] = None
    address: Annotated[
        str | None,
        Personal("address"),
        Field(title="收件地址", max_length=200, description="邮政寄递时必填，写到门牌号"),
    ] = None
    postcode: Annotated[
        str | None,
        Personal("address"),
        Field(title="邮政编码", max_length=20, description="六位数字，邮政寄递时必填"),
    ] = None
    division: Annotated[
        str | None,
        Field(title="收件地址所在行政区划", max_length=12, description="可空；填写时与邮编核对"),
    ] = None


class DeliveryIn(PartialDelivery):
    """结果怎样送达申请人。"""

    method: DeliveryMethod = Field(
        title="送达方式",
        description=(
            "post 邮政寄递；window_pickup 收件窗口领取；handling_pickup 办理地领取；"
            "electronic 电子送达"
        ),
    )


class PartialCheck(Part):
    of: Annotated[
        Code | None,
        Field(
            title="核验对象",
            description="applicant 申请人身份；representative 代为办理的人身份；或原件的材料编码",
            examples=["applicant"],
        ),
    ] = None
    how: How | None = None


class CheckIn(PartialCheck):
    """窗口核验：谁的身份、哪份原件、怎样核验；由谁、何时核验由系统记下。"""

    of: Code = Field(
        title="核验对象",
        description="applicant 申请人身份；representative 代为办理的人身份；或原件的材料编码",
        examples=["applicant"],
    )
    how: How = Field(
        title="核验方式",
        description=(
            "card_reader 读卡器；original_seen 当面核对原件；face 人像比对；"
            "e_certificate 电子证照；data_check 数据核对；video 视频"
        ),
        examples=["card_reader"],
    )


class ConsentIn(Part):
    """申请人的同意。"""

    e_certificates: Annotated[StrictBool | None, Field(title="同意调用电子证照")] = None
    earlier_materials: Annotated[StrictBool | None, Field(title="同意使用此前办件的材料")] = None
    sensitive_data: Annotated[
        StrictBool | None,
        Field(title="单独同意处理敏感个人信息", description="人像、指纹、病历等"),
    ] = None


class PartialSubmission(Part):
    item_code: Code | None = None
    mode: Mode | None = None
    channel: Channel | None = None
    applicant: PartialApplicant | None = None
    representative: Annotated[
        PartialRepresentative | None,
        Field(title="代为办理的人", description="监护人、代理人、法定代表人、经办人或帮办人员"),
    ] = None
    basis: Mapping[str, Division | None] = Field(default_factory=dict)
    choice: Annotated[
        str | None,
        Field(
            title="选定的办理地依据",
            max_length=50,
            description="法律允许在两地之一办理时，由申请人选定，填 basis 中的一个键",
            examples=["usual_residence"],
        ),
    ] = None
    form: Annotated[
        dict[str, JsonValue],
        Personal("form"),
        Field(title="申请表内容", description="按事项的表单（JSON Schema）填写"),
    ] = Field(default_factory=dict)
    materials: tuple[PartialMaterial | None, ...] = ()
    deferral: PartialPromise | None = None
    commitment: PartialPromise | None = None
    delivery: PartialDelivery | None = None
    verifications: tuple[PartialCheck | None, ...] = ()
    priority_needs: tuple[Need | None, ...] = ()
    consent: Annotated[ConsentIn | None, Field(title="申请人的同意")] = None
    keep_incomplete: Annotated[
        StrictBool | None,
        Field(
            title="材料不齐时先登记",
            description="只缺材料时保存为 received_incomplete，并打印一次性告知书；"
            "此时不收存原件，看过之后退还，补齐时再收",
        ),
    ] = None
    note: Annotated[str | None, Personal("text"), Field(title="窗口备注", max_length=500)] = None


class SubmissionIn(PartialSubmission):
    """一次申请。收件地以令牌为准，不在内容中填写。"""

    item_code: Code = Field(title="事项编码", examples=["CL-001"])
    mode: Mode = Field(
        title="通办模式",
        description=(
            "full_online 全程网办；remote_collection 异地代收代办；joint_handling 多地联办"
        ),
    )
    channel: Channel = Field(default=Channel.WINDOW, title="申报来源")
    applicant: ApplicantIn = Field(title="申请人")
    representative: RepresentativeIn | None = Field(default=None, title="代为办理的人")
    basis: Mapping[str, Division] = Field(
        default_factory=dict,
        title="办理地依据",
        max_length=20,
        description="依据种类 → 行政区划代码（6、9 或 12 位），决定由哪里办理",
        examples=[{"household_registration": "620102"}],
    )
    materials: tuple[MaterialIn, ...] = Field(default=(), title="材料", max_length=200)
    deferral: DeferralIn | None = Field(default=None, title="容缺受理")
    commitment: CommitmentIn | None = Field(default=None, title="告知承诺")
    delivery: DeliveryIn | None = Field(default=None, title="结果送达")
    verifications: tuple[CheckIn, ...] = Field(
        default=(),
        title="窗口核验",
        max_length=100,
        description="收件时核验的身份和原件；也可以收件之后登记",
        examples=[[{"of": "applicant", "how": "card_reader"}]],
    )
    priority_needs: tuple[Need, ...] = Field(
        default=(),
        title="绿色通道",
        max_length=10,
        description="需要优先照顾的情形：elderly 老年人；disabled 残疾人；other 其他",
    )

    @property
    def is_green(self) -> bool:
        return bool(self.priority_needs)
