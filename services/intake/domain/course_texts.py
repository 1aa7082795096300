"""What can be wrong with what follows: promises, delivery, payments, corrections, originals."""

from services.intake.domain.texts import Words, table

PROMISES = table(
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

DELIVERY = table(
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

PAYMENT = table(
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

CORRECTION = table(
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

VERIFICATION = table(
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

CUSTODY = table(
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
