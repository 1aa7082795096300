"""Pydantic's complaints as faults, in words that can be read out loud."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from shared.errors import Fault

# pydantic error type -> (code, Chinese, English); {…} are the error's own context values.
_TEXTS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "missing": ("missing", "缺少这一项", "required"),
        "extra_forbidden": ("unknown-field", "没有这个字段，请核对字段名", "unknown field"),
        "string_type": ("not-a-string", "应为文字", "must be a string"),
        "string_too_short": (
            "too-short",
            "至少需要 {min_length} 个字符",
            "at least {min_length} characters",
        ),
        "string_too_long": (
            "too-long",
            "不能超过 {max_length} 个字符",
            "at most {max_length} characters",
        ),
        "string_pattern_mismatch": ("bad-format", "格式不符", "does not match the expected format"),
        "int_type": ("not-an-integer", "应为整数", "must be an integer"),
        "int_parsing": ("not-an-integer", "应为整数", "must be an integer"),
        "int_from_float": ("not-an-integer", "应为整数", "must be an integer"),
        "float_type": ("not-a-number", "应为数字", "must be a number"),
        "decimal_parsing": ("not-a-number", "应为数字", "must be a number"),
        "bool_type": ("not-a-boolean", "应为是或否（true/false）", "must be true or false"),
        "bool_parsing": ("not-a-boolean", "应为是或否（true/false）", "must be true or false"),
        "list_type": ("not-a-list", "应为列表", "must be a list"),
        "tuple_type": ("not-a-list", "应为列表", "must be a list"),
        "dict_type": ("not-an-object", "应为对象", "must be an object"),
        "model_type": ("not-an-object", "应为对象", "must be an object"),
        "model_attributes_type": ("not-an-object", "应为对象", "must be an object"),
        "enum": ("not-an-option", "只能是：{expected}", "must be one of: {expected}"),
        "literal_error": ("not-an-option", "只能是：{expected}", "must be one of: {expected}"),
        "uuid_parsing": ("not-a-uuid", "编号格式不对", "must be a UUID"),
        "uuid_type": ("not-a-uuid", "编号格式不对", "must be a UUID"),
        "date_from_datetime_parsing": (
            "not-a-date",
            "日期应写成 2026-01-31 的样子",
            "must be a date",
        ),
        "date_parsing": ("not-a-date", "日期应写成 2026-01-31 的样子", "must be a date"),
        "date_type": ("not-a-date", "日期应写成 2026-01-31 的样子", "must be a date"),
        "datetime_parsing": ("not-a-time", "时间格式不对（RFC 3339）", "must be an RFC 3339 time"),
        "datetime_from_date_parsing": (
            "not-a-time",
            "时间格式不对（RFC 3339）",
            "must be an RFC 3339 time",
        ),
        "timezone_aware": ("no-time-zone", "时间要带时区", "must carry a time zone"),
        "greater_than_equal": ("too-small", "不能小于 {ge}", "must be at least {ge}"),
        "greater_than": ("too-small", "必须大于 {gt}", "must be greater than {gt}"),
        "less_than_equal": ("too-large", "不能大于 {le}", "must be at most {le}"),
        "less_than": ("too-large", "必须小于 {lt}", "must be less than {lt}"),
        "too_short": ("too-few", "至少需要 {min_length} 项", "at least {min_length} entries"),
        "too_long": ("too-many", "最多 {max_length} 项", "at most {max_length} entries"),
        "json_invalid": ("malformed-json", "内容不是有效的 JSON", "the body is not valid JSON"),
    }
)
_OTHER = ("invalid", "填写不正确", "invalid value")


def pointer(loc: Iterable[int | str]) -> str:
    """RFC 6901."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in loc)


def fault(error: Mapping[str, Any], *, skip: int = 0) -> Fault:
    """Of one pydantic error; never echoes what was handed in. `skip` drops leading `loc` parts."""
    code, zh, en = _TEXTS.get(error["type"], _OTHER)
    context = {
        key: str(value).replace("'", "").replace(" or ", ", ")
        for key, value in error.get("ctx", {}).items()
    }
    listed = {key: value.replace(", ", "、") for key, value in context.items()}
    return Fault(pointer(error["loc"][skip:]), code, zh.format_map(listed), en.format_map(context))


def faults(errors: Sequence[Any], *, skip: int = 0) -> list[Fault]:
    return [fault(error, skip=skip) for error in errors]
