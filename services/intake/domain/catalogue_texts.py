"""What can be wrong with a file of service items, row by row."""

from services.intake.domain.texts import table

FILE = table(
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
