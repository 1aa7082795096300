"""Every sentence the window's rules can say, in one table: code -> Chinese and English."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from shared.errors import Fault, told_back


@dataclass(frozen=True, slots=True)
class Words:
    """The same thing said in both languages."""

    zh: str
    en: str


def listed(words: Iterable[Words]) -> Words:
    kept = list(words)
    return Words("、".join(word.zh for word in kept), ", ".join(word.en for word in kept))


def hint(name: str, candidates: Iterable[str]) -> Words:
    """What the clerk probably meant, as the end of a sentence."""
    near = get_close_matches(name, list(candidates), n=1, cutoff=0.6)
    if not near:
        return Words("，请核对", "")
    return Words(f"，是不是要填「{near[0]}」", f"; did you mean “{near[0]}”?")


def _table(**texts: tuple[str, str]) -> Mapping[str, Words]:
    return MappingProxyType(
        {code.replace("_", "-"): Words(zh, en) for code, (zh, en) in texts.items()}
    )


# Shape: what any JSON can have wrong with it, before the law is asked.
SHAPE = _table(
    not_an_object=("提交的内容应是一个 JSON 对象", "the submission must be a JSON object"),
    too_deep=("内容嵌套过深，最多 {limit} 层", "nested too deeply, at most {limit} levels"),
    too_big=(
        "内容过多，最多 {limit} 项，请分开填写",
        "too many values, at most {limit}",
    ),
    text_too_long=("文字过长，最多 {limit} 个字", "text too long, at most {limit} characters"),
    bad_field_name=(
        "有一个字段名过长或含有无法识别的字符，请删去",
        "a field name is too long or contains broken characters",
    ),
    bad_character=(
        "含有无法保存的控制字符或残缺字符，请重新输入",
        "contains control characters or broken characters; please type it again",
    ),
    number_out_of_range=("数字超出可以处理的范围", "the number is out of range"),
    unknown_field=("没有「{name}」这一项{hint}", "there is no field “{name}”{hint}"),
    missing=("{field}没有填写", "{field} is missing"),
    not_an_option=("{field}只能是：{allowed}", "{field} must be one of: {allowed}"),
    bad_shape=("{field}：{what}", "{field}: {what}"),
    not_itemised=("{field}应逐项填写，不能只写一句话", "{field} must be filled in item by item"),
    not_listed=("{field}应一条一条地列出", "{field} must be a list"),
)

CATALOGUE = _table(
    unknown_item=(
        "没有编码为「{code}」的事项，请从事项目录里选",
        "there is no service item “{code}”; choose one of the catalogue",
    ),
    item_not_yet_offered=(
        "事项「{item}」自 {day} 起办理，现在还不能收件",
        "“{item}” is offered from {day} on, not yet",
    ),
    item_retired=("事项「{item}」已停止办理", "“{item}” is no longer offered"),
    item_not_published=("事项「{item}」尚未发布", "“{item}” has not been published"),
    mode_not_offered=(
        "事项「{item}」不能以{mode}方式办理，可以选择：{allowed}",
        "“{item}” is not offered as {mode}; possible: {allowed}",
    ),
    agent_place=(
        "事项「{item}」由收件窗口代为受理，代办点不能收件，请到政务服务窗口办理",
        "the receiving window accepts “{item}” itself, so an agent's place cannot take it",
    ),
)

PEOPLE = _table(
    applicant_kind=(
        "事项「{item}」只面向{allowed}，请核对申请人类别",
        "“{item}” is only for: {allowed}",
    ),
    name_blank=("{who}的姓名或名称没有填写", "the name of {who} is empty"),
    name_character=(
        "{who}的姓名或名称中有不能使用的字符：{found}",
        "the name of {who} contains characters that cannot be used: {found}",
    ),
    name_no_letter=("{who}的姓名或名称中没有文字", "the name of {who} contains no letters"),
    id_type_unfit=(
        "{who}是{kind}，不能使用{id_type}，可以使用：{allowed}",
        "{who} is {kind} and cannot use {id_type}; possible: {allowed}",
    ),
    id_number_missing=("{who}的{id_type}号码没有填写", "the {id_type} number of {who} is missing"),
    id_number_unwanted=(
        "{who}填写为设立中，就不应再填证件号码",
        "{who} is being founded, so there can be no number yet",
    ),
    id_number=("{who}：{what}", "{who}: {what}"),
    birth_date=(
        "{who}的出生日期应写成 1990-03-07 的样子，且不能晚于今天",
        "the birth date of {who} must be a past date like 1990-03-07",
    ),
    birth_date_differs=(
        "{who}的出生日期与证件号码中的不一致",
        "the birth date of {who} differs from the one in the number",
    ),
    birth_date_needed=(
        "从{who}的{id_type}看不出年龄，请填写出生日期",
        "the {id_type} of {who} does not tell the age; please give the birth date",
    ),
    phone=("{who}：{what}", "{who}: {what}"),
    phone_missing=(
        "没有联系电话，申请人或代为办理的人至少留一个",
        "no phone: the applicant or the representative must leave one",
    ),
    incapacity_unfit=(
        "只有自然人才有行为能力的问题，单位不应填写",
        "only a person can lack legal capacity",
    ),
    guardian_for_minor=(
        "申请人未满 {age} 周岁，须由监护人代为办理，请填写监护人",
        "the applicant is under {age}; a guardian must act",
    ),
    guardian_for_incapable=(
        "申请人为无民事行为能力或限制民事行为能力人，须由监护人代为办理",
        "the applicant lacks legal capacity; a guardian must act",
    ),
    guardian_unneeded=(
        "申请人已满 {age} 周岁且未注明行为能力受限，不需要监护人；如为代办请改为委托代理人",
        "the applicant is {age} or older and not marked as lacking capacity; no guardian acts",
    ),
    organisation_needs_person=(
        "单位申请须有法定代表人或经办人到场，请填写代为办理的人",
        "an organisation acts through its legal representative or a handler; please name one",
    ),
    capacity_unfit=(
        "申请人是{kind}，代为办理的人不能是{capacity}，可以是：{allowed}",
        "the applicant is {kind}; the representative cannot be {capacity}; possible: {allowed}",
    ),
    agents_forbidden=(
        "事项「{item}」须由本人办理，不能委托他人",
        "“{item}” must be applied for in person; no agent may act",
    ),
    representative_kind=(
        "代为办理的{capacity}应是自然人",
        "the {capacity} who acts must be a person",
    ),
    representative_too_young=(
        "代为办理的{capacity}未满 {age} 周岁",
        "the {capacity} who acts is under {age}",
    ),
    representative_is_applicant=(
        "代为办理的人与申请人证件号码相同，本人办理不必填写",
        "representative and applicant have the same number; leave it out when acting in person",
    ),
)

PLACE = _table(
    basis_missing=(
        "没有填写{basis}，不能确定由哪里办理",
        "{basis} is missing; it decides who handles the case",
    ),
    basis_not_asked=(
        "本事项不按「{name}」确定办理地{hint}；应填：{allowed}",
        "“{name}” does not decide who handles this item{hint}; expected: {allowed}",
    ),
    division_unknown=(
        "{field}「{code}」不是有效的行政区划代码",
        "{field} “{code}” is not a known division code",
    ),
    division_retired=(
        "{field}「{code} {name}」{when}已撤销，{successors}",
        "{field} “{code} {name}” was abolished{when}; {successors}",
    ),
    division_not_yet=(
        "{field}「{code} {name}」自 {day} 起才启用",
        "{field} “{code} {name}” exists only from {day} on",
    ),
    division_too_coarse=(
        "{field}「{name}」范围太大，本事项由{level}级办理，请填到{level}级",
        "{field} “{name}” is too coarse; this item is decided at the level {level}",
    ),
    choice_missing=(
        "本事项可以在{allowed}之一办理，请申请人选定",
        "this item may be handled at one of: {allowed}; the applicant must choose",
    ),
    choice_unknown=(
        "选定的「{name}」不在可选之列，可选：{allowed}",
        "“{name}” cannot be chosen; possible: {allowed}",
    ),
    choice_unneeded=(
        "本事项没有可选的办理地，不应填写选定的依据",
        "this item leaves no choice of place",
    ),
)

FORM = _table(
    form_missing=("申请表「{field}」没有填写", "form: “{field}” is missing"),
    form_unwanted=(
        "申请表没有「{field}」这一项{hint}",
        "form: there is no field “{field}”{hint}",
    ),
    form_type=("申请表「{field}」应填{what}", "form: “{field}” must be {what}"),
    form_choice=("申请表「{field}」只能选：{what}", "form: “{field}” must be one of: {what}"),
    form_constant=(
        "申请表「{field}」须勾选或填为：{what}",
        "form: “{field}” must be {what}",
    ),
    form_length_min=(
        "申请表「{field}」至少 {what} 个字",
        "form: “{field}” needs at least {what} characters",
    ),
    form_length_max=(
        "申请表「{field}」最多 {what} 个字",
        "form: “{field}” allows at most {what} characters",
    ),
    form_blank=("申请表「{field}」不能为空", "form: “{field}” must not be empty"),
    form_minimum=("申请表「{field}」不能小于 {what}", "form: “{field}” must be at least {what}"),
    form_maximum=("申请表「{field}」不能大于 {what}", "form: “{field}” must be at most {what}"),
    form_above=("申请表「{field}」必须大于 {what}", "form: “{field}” must be above {what}"),
    form_below=("申请表「{field}」必须小于 {what}", "form: “{field}” must be below {what}"),
    form_multiple=(
        "申请表「{field}」应是 {what} 的倍数",
        "form: “{field}” must be a multiple of {what}",
    ),
    form_items_min=("申请表「{field}」至少 {what} 项", "form: “{field}” needs at least {what}"),
    form_items_max=("申请表「{field}」最多 {what} 项", "form: “{field}” allows at most {what}"),
    form_repeated=("申请表「{field}」有重复的内容", "form: “{field}” contains duplicates"),
    form_pattern=(
        "申请表「{field}」格式不对{hint}",
        "form: “{field}” does not have the right format{hint}",
    ),
    form_date=(
        "申请表「{field}」应是真实存在的日期，写成 2026-01-31 的样子",
        "form: “{field}” must be a real date like 2026-01-31",
    ),
    form_format=("申请表「{field}」不是有效的{what}", "form: “{field}” is not a valid {what}"),
    form_other=("申请表「{field}」填写不符合要求", "form: “{field}” is not as required"),
)

MATERIALS = _table(
    material_missing=(
        "缺少材料「{material}」{why}",
        "material “{material_code}” is missing{why}",
    ),
    main_material_missing=(
        "缺少主要材料「{material}」{why}",
        "main material “{material_code}” is missing{why}",
    ),
    material_unknown=(
        "本事项的材料清单里没有「{code}」{hint}；清单之外的材料不用交",
        "“{code}” is not on this item's list of materials{hint}",
    ),
    material_form=(
        "材料「{material}」不能交{form}，可以交：{allowed}",
        "material “{material_code}” cannot be handed in as {form}; possible: {allowed}",
    ),
    material_original_needed=(
        "材料「{material}」只有复印件，还要出示原件",
        "material “{material_code}” came as a copy only; the original must be shown",
    ),
    material_count=(
        "材料「{material}」需要{form} {needed} 份，现有 {given} 份",
        "material “{material_code}”: {needed} needed as {form}, {given} given",
    ),
    material_repeated=(
        "材料「{material}」的{form}重复填写，请合并为一行",
        "material “{material_code}” is entered twice as {form}; please make it one entry",
    ),
    e_certificate_missing=(
        "材料「{material}」以电子证照提交，须填写电子证照标识",
        "material “{material_code}” is an e-certificate; its identifier is missing",
    ),
    e_certificate=(
        "材料「{material}」：{what}",
        "material “{material_code}”: {what}",
    ),
    e_certificate_type=(
        "材料「{material}」所填的电子证照不是这一类证照，应为：{allowed}",
        "material “{material_code}”: a certificate of another type; expected: {allowed}",
    ),
    e_certificate_unwanted=(
        "材料「{material}」不是以电子证照提交，不应填写电子证照标识",
        "material “{material_code}” is not handed in as an e-certificate",
    ),
    earlier_case_missing=(
        "材料「{material}」使用此前办件的材料，须填写此前的办件编号",
        "material “{material_code}” refers to an earlier case; its number is missing",
    ),
    earlier_case_unknown=(
        "此前办件中没有找到本申请人的材料「{material}」，不能免交",
        "no earlier case of this applicant holds “{material_code}”",
    ),
    earlier_case_unwanted=(
        "材料「{material}」不是使用此前办件的材料，不应填写此前办件编号",
        "material “{material_code}” does not refer to an earlier case",
    ),
    consent_missing=(
        "免交材料须经申请人同意，请勾选：{what}",
        "the applicant must consent: {what}",
    ),
    consent_refused=(
        "申请人不同意调用电子证照，材料「{material}」须另行提交",
        "the applicant refuses the use of e-certificates; hand in “{material_code}” otherwise",
    ),
)

PROMISES = _table(
    deferral_not_offered=(
        "事项「{item}」不实行容缺受理",
        "“{item}” does not offer deferral",
    ),
    deferral_excluded=(
        "事项「{item}」涉及{area}，依规定不得容缺受理",
        "“{item}” concerns {area}; deferral is not allowed",
    ),
    deferral_not_committed=(
        "容缺受理须由申请人签署承诺书",
        "deferral needs the applicant's signed commitment",
    ),
    deferral_empty=(
        "选择了容缺受理，但没有写明容缺哪些材料",
        "deferral was chosen but no material is named",
    ),
    deferral_main=(
        "「{material}」是主要材料，不能容缺",
        "“{material_code}” is a main material and cannot be deferred",
    ),
    deferral_not_deferrable=(
        "「{material}」不在可容缺材料之列",
        "“{material_code}” is not deferrable",
    ),
    deferral_unneeded=(
        "「{material}」本次不需要提交，不必容缺",
        "“{material_code}” is not needed here, nothing to defer",
    ),
    deferral_given=(
        "「{material}」已经提交，不必容缺",
        "“{material_code}” has been handed in, nothing to defer",
    ),
    deferral_repeated=("「{material}」容缺写了两次", "“{material_code}” is deferred twice"),
    deferral_barred=(
        "申请人此前未履行容缺承诺，{day} 前不能再容缺受理",
        "a deferral was not kept before; barred until {day}",
    ),
    commitment_not_offered=(
        "事项「{item}」不实行告知承诺",
        "“{item}” does not offer commitment instead of proof",
    ),
    commitment_excluded=(
        "事项「{item}」涉及{area}，依规定不得告知承诺",
        "“{item}” concerns {area}; commitment is not allowed",
    ),
    commitment_not_committed=(
        "告知承诺须由申请人签署承诺书",
        "commitment needs the applicant's signature",
    ),
    commitment_main=(
        "「{material}」不能以承诺代替，须提交",
        "“{material_code}” cannot be replaced by a commitment",
    ),
    commitment_given=(
        "「{material}」已经提交，不必以承诺代替",
        "“{material_code}” has been handed in, no commitment needed",
    ),
    commitment_unneeded=(
        "「{material}」本次不需要提交，不必承诺",
        "“{material_code}” is not needed here, nothing to commit to",
    ),
    commitment_repeated=(
        "「{material}」承诺写了两次",
        "“{material_code}” is committed to twice",
    ),
    commitment_barred=(
        "申请人此前未履行告知承诺，{day} 前不能再适用",
        "a commitment was not kept before; barred until {day}",
    ),
    promised_twice=(
        "「{material}」既容缺又以承诺代替，请选一种",
        "“{material_code}” is both deferred and committed to; choose one",
    ),
)

DELIVERY = _table(
    delivery_missing=(
        "没有填写结果送达方式，可以选择：{allowed}",
        "no delivery method; possible: {allowed}",
    ),
    delivery_method=(
        "本事项的结果不能以{method}送达，可以选择：{allowed}",
        "the result cannot be delivered as {method}; possible: {allowed}",
    ),
    recipient_missing=("邮政寄递须填写收件人", "posting needs a recipient"),
    recipient_name=(
        "收件人姓名中有不能使用的字符：{found}",
        "the recipient's name contains characters that cannot be used: {found}",
    ),
    delivery_phone_missing=("邮政寄递须填写收件人电话", "posting needs the recipient's phone"),
    delivery_phone=("收件人：{what}", "recipient: {what}"),
    address_missing=("邮政寄递须填写收件地址", "posting needs an address"),
    address_too_short=(
        "收件地址太短，请写到街道门牌或村组",
        "the address is too short; street and house, or village, are needed",
    ),
    postcode_missing=("邮政寄递须填写邮政编码", "posting needs a postcode"),
    postcode=("邮政编码应是六位数字", "a postcode has six digits"),
    address_elsewhere=(
        "收件地址与所填的行政区划「{name}」不一致，请核对",
        "the address does not lie in the division given ({code})",
    ),
)

PAYMENT = _table(
    bill_number=(
        "缴款单号须填写，且不超过 {longest} 个字",
        "the bill number is missing or longer than {longest}",
    ),
    payment_unneeded=("本事项不收费，不应登记缴费", "this item charges nothing"),
    payment_amount=("收费金额应大于零，最多两位小数", "the amount must be positive, two decimals"),
    payment_when=(
        "收费时间不能晚于现在，也不能早于收件很久",
        "the time of payment cannot be right",
    ),
    payment_too_much=("收费金额超过应收金额，还应收 {due} 元", "more than is due: {due} left"),
)

CORRECTION = _table(
    correction_unfit=(
        "「{name}」不能作为笔误更正{hint}；办理地、模式、材料有变的，请补正或重新提交",
        "“{name}” is no clerical error{hint}",
    ),
    correction_part=("这一部分应逐项填写要更正的内容", "name the fields to be corrected"),
    correction_absent=("本办件没有填写{part}，没有可以更正的", "there is no {part} to correct"),
    correction_reason=(
        "请说明更正的原因，不超过 {longest} 个字",
        "say why it is corrected, in at most {longest} characters",
    ),
    correction_empty=("没有任何一项与原来不同", "nothing differs from what is there"),
)

VERIFICATION = _table(
    verification_repeated=("「{of}」的核验登记了两次", "“{of}” is verified twice"),
    verification_nobody=(
        "没有代为办理的人，不应登记其身份核验",
        "nobody represents the applicant",
    ),
    verification_astray=(
        "「{of}」的原件没有拿到窗口来，不能登记为核验过",
        "no original of “{of}” was shown or handed in",
    ),
    verification_empty=("没有填写核验了什么", "nothing is said to have been verified"),
)

CUSTODY = _table(
    original_without_place=(
        "「{material}」的原件现在不能收存：这件办件由哪里办理还没有确定。"
        "请看过之后当场退还申请人，等办理地确定了再收",
        "the original of “{material}” is not taken while nobody is known to handle the case; "
        "look at it and give it back",
    ),
)

GIVE_BACK = Words(
    "这件办件由哪里办理还没有确定，收下的原件请当场退还申请人；办理地确定之后再收。",
    "nobody is known to handle this case yet: give the originals back, and take them in again "
    "when a place is found",
)

FILE = _table(
    not_a_catalogue=(
        "文件应是事项目录：一个含有 items 列表的 JSON 对象",
        "the file must be a JSON object with a list “items”",
    ),
    not_json=(
        "文件不是有效的 JSON：第 {line} 行第 {column} 个字符处",
        "not valid JSON: line {line}, column {column}",
    ),
    not_a_table=("文件不是完整的 CSV 表格", "the file is not a complete CSV table"),
    not_readable=(
        "文件不是 UTF-8 或 GB18030 编码的文字，或含有不可用的字符",
        "the file is neither UTF-8 nor GB18030 text, or contains NUL",
    ),
    heading_missing=("第1行缺少「{name}」列", "row 1: the column {name} is missing"),
    heading_unknown=("第1行没有「{name}」这一列{hint}", "row 1: no such column {name}{hint}"),
    heading_repeated=("第1行的「{name}」列重复", "row 1: the column {name} is repeated"),
    part_unknown=(
        "第{row}行「part」列须填写：{parts}",
        "row {row}, column part must be one of: {parts}",
    ),
    part_astray=(
        "第{row}行的{what}没有对应的事项行：前面没有同一编码和版本的事项",
        "row {row}: no item with the code and version of this {what} stands above",
    ),
    cell_astray=(
        "第{row}行是{what}，「{name}」列不应填写",
        "row {row} ({what}), column {name}: must be empty",
    ),
    item_not_an_object=("{row}应是一个对象", "{row} must be an object"),
    field=("{row}的 {place}：{what}", "{row}, {place}: {what}"),
    file_unknown_field=("{row}没有 {place} 这个字段{hint}", "{row} has no field {place}{hint}"),
    version_repeated=(
        "{row}与{other}的编码和版本相同",
        "{row} repeats code and version of {other}",
    ),
    versions_overlap=(
        "{row}与{other}的有效期重叠，同一天只能有一个已发布版本",
        "{row} and {other} are both published on the same days",
    ),
    dates_reversed=(
        "{row}的失效日期早于生效日期",
        "{row} ends before it begins",
    ),
    item_number=("{row}：{what}", "{row}: {what}"),
    base_code_differs=(
        "{row}的实施编码不含其基本编码",
        "{row}: the implementation code does not contain the basic code",
    ),
    mode_repeated=("{row}重复列出了通办模式", "{row} lists a mode twice"),
    mode_without_steps=("{row}没有写{mode}的办理步骤", "{row} has no steps for {mode}"),
    steps_without_mode=(
        "{row}写了{mode}的步骤，但不以这种模式办理",
        "{row} has steps for {mode}, which it does not offer",
    ),
    step_repeated=("{row}的步骤编码「{code}」重复", "{row} repeats the step {code}"),
    stage_gap=("{row}的{mode}步骤阶段应从 1 起连续编号", "{row}: stages of {mode} must run from 1"),
    one_accepts=("{row}的{mode}须有且只有一个受理步骤", "{row}: {mode} needs one accepting step"),
    one_decides=("{row}的{mode}须有且只有一个决定步骤", "{row}: {mode} needs one deciding step"),
    lead_missing=("{row}的{mode}须有牵头步骤", "{row}: {mode} needs a leading step"),
    lead_decides=(
        "{row}的{mode}中，受理和决定的步骤应由牵头方办理",
        "{row}: in {mode} the lead accepts and decides",
    ),
    role_unknown=(
        "{row}的步骤去向「{role}」不在可选之列{hint}",
        "{row}: no such role “{role}”{hint}",
    ),
    role_without_choice=(
        "{row}的步骤由申请人选定办理地，但没有写可选的依据",
        "{row}: a step goes where the applicant chooses, but there is no choice",
    ),
    choice_too_small=("{row}的可选办理地至少要有两个", "{row}: a choice needs two places"),
    material_code_repeated=("{row}的材料编码「{code}」重复", "{row} repeats material {code}"),
    point_repeated=(
        "{row}的材料「{material}」审查要点编码「{code}」重复",
        "{row} repeats review point {code}",
    ),
    certificate_type=(
        "{row}的材料「{material}」的证照类型代码应为 21 位数字和大写字母",
        "{row}: the certificate type of {code} must have 21 digits and letters",
    ),
    main_deferrable=(
        "{row}的材料「{material}」是主要材料，不能列为可容缺",
        "{row}: main material {code} cannot be deferrable",
    ),
    condition_idle=(
        "{row}的材料「{material}」已列为必备，不应再写必备条件",
        "{row}: material {code} is required anyway; its condition is idle",
    ),
    condition_pointer=(
        "{row}的材料「{material}」的条件指向申请表中没有的「{place}」",
        "{row}: the condition of {code} points to {place}, which the form lacks",
    ),
    promise_excluded=(
        "{row}涉及{area}，不得实行容缺受理或告知承诺",
        "{row} concerns {area}; neither deferral nor commitment is allowed",
    ),
    deferral_incomplete=(
        "{row}实行容缺受理，须写明补交期限、逾期处理和至少一项可容缺材料",
        "{row} offers deferral: term, expiry policy and a deferrable material are needed",
    ),
    commitment_incomplete=(
        "{row}实行告知承诺，须写明承诺内容和核查期限",
        "{row} offers commitment: its text and the later check are needed",
    ),
    delivery_unfit=(
        "{row}的结果没有{form}形式，不能{method}",
        "{row}: without a result on {form}, {method} is impossible",
    ),
    payer_missing=(
        "{row}可以邮政寄递，须写明邮费由谁承担",
        "{row} posts its result: who pays postage?",
    ),
    fee_unfit=(
        "{row}的收费金额与收费时间不相符",
        "{row}: amount and time of the fee contradict each other",
    ),
    promise_over_limit=(
        "{row}的承诺时限超过法定时限",
        "{row} promises more time than the law allows",
    ),
    schema_invalid=(
        "{row}的表单定义不是有效的 JSON Schema：{what}",
        "{row}: invalid schema: {what}",
    ),
    schema_refers_out=(
        "{row}的表单定义只能引用自身 $defs 中、不再引用他处的定义",
        "{row}: the form's schema may only refer to definitions of its own $defs",
    ),
    schema_untitled=(
        "{row}的表单项「{name}」没有中文名称",
        "{row}: form field {name} has no title",
    ),
    example_unfit=(
        "{row}的表单示例不合表单：{what}",
        "{row}: the form's example does not fit: {what}",
    ),
)

TEXTS: Mapping[str, Words] = MappingProxyType(
    {
        **FILE,
        **SHAPE,
        **CATALOGUE,
        **PEOPLE,
        **PLACE,
        **FORM,
        **MATERIALS,
        **PROMISES,
        **DELIVERY,
        **PAYMENT,
        **CORRECTION,
        **VERIFICATION,
        **CUSTODY,
    }
)

Fact = object


def fault(pointer: str, code: str, /, **facts: Fact) -> Fault:
    words = TEXTS[code]
    # Where a code was expected, somebody may have written a name or a number.
    if isinstance(given := facts.get("code"), str):
        facts["code"] = Words(told_back(given, "所填内容"), told_back(given, "what was given"))
    zh = {key: fact.zh if isinstance(fact, Words) else fact for key, fact in facts.items()}
    en = {key: fact.en if isinstance(fact, Words) else fact for key, fact in facts.items()}
    return Fault(pointer, code, words.zh.format_map(zh), words.en.format_map(en))
