"""Why a webhook is not believed: one error, with a reason that a partner's engineer can act on."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from shared.errors import UnprovenError


class Reason(StrEnum):
    HEADER_MISSING = "header-missing"
    HEADER_REPEATED = "header-repeated"
    ID_MALFORMED = "id-malformed"
    TIMESTAMP_MALFORMED = "timestamp-malformed"
    SIGNATURE_MALFORMED = "signature-malformed"
    SIGNATURE_VERSION_UNKNOWN = "signature-version-unknown"
    TOO_OLD = "too-old"
    TOO_NEW = "too-new"
    UNKNOWN_SENDER = "unknown-sender"
    SIGNATURE_WRONG = "signature-wrong"


_SENTENCES: Mapping[Reason, tuple[str, str]] = MappingProxyType(
    {
        Reason.HEADER_MISSING: (
            "缺少webhook-id、webhook-timestamp或webhook-signature请求头",
            "webhook-id, webhook-timestamp or webhook-signature is missing",
        ),
        Reason.HEADER_REPEATED: ("同一请求头出现了两次", "a webhook header appears twice"),
        Reason.ID_MALFORMED: (
            "webhook-id应为1至128个可见ASCII字符，且不含点号",
            "webhook-id must be 1 to 128 visible ASCII characters without a full stop",
        ),
        Reason.TIMESTAMP_MALFORMED: (
            "webhook-timestamp应为Unix秒的整数",
            "webhook-timestamp must be an integer of Unix seconds",
        ),
        Reason.SIGNATURE_MALFORMED: (
            "webhook-signature应为以空格分开的“版本,Base64签名”",
            "webhook-signature must be “version,base64” entries separated by spaces",
        ),
        Reason.SIGNATURE_VERSION_UNKNOWN: (
            "没有v1签名，本系统只接受v1",
            "there is no v1 signature, and only v1 is accepted",
        ),
        Reason.TOO_OLD: (
            "时间戳过早，请校准时钟后以新的时间戳重新签名发送",
            "the timestamp is too old; check the clock and sign again",
        ),
        Reason.TOO_NEW: (
            "时间戳晚于当前时间，请校准时钟",
            "the timestamp lies in the future; check the clock",
        ),
        Reason.UNKNOWN_SENDER: ("尚未为对方登记密钥", "no secret is registered for the sender"),
        Reason.SIGNATURE_WRONG: (
            "签名不符：请核对密钥，并确认签名对象是原始请求体字节",
            "the signature does not match; check the secret, and sign the raw bytes of the body",
        ),
    }
)


class WebhookRefusedError(UnprovenError):
    code = "webhook-refused"

    def __init__(self, reason: Reason) -> None:
        message_zh, message_en = _SENTENCES[reason]
        super().__init__(message_zh, message_en, reason=reason.value)
        self.reason = reason
