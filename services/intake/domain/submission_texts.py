"""What can be wrong with a submission, as it is read out at the window."""

from services.intake.domain.texts import table

# Shape: what any JSON can have wrong with it, before the law is asked.
SHAPE = table(
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

CATALOGUE = table(
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

PEOPLE = table(
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

PLACE = table(
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

FORM = table(
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

MATERIALS = table(
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
