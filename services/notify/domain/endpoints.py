"""What an address to be called must look like, before anybody is called."""

from collections.abc import Callable, Iterator
from urllib.parse import SplitResult, urlsplit

from shared.errors import Fault

LONGEST = 500
# Whether this host and port were listed as one that may be called although it is inside.
Listed = Callable[[str, int], bool]
Inner = Callable[[str], bool]


def faults(url: str, *, listed: Listed, inner: Inner, pointer: str = "/url") -> list[Fault]:
    """Every fault at once. `inner` says of a literal address whether it lies inside; what a name
    leads to is looked at with each call."""
    parts = _split(url)
    if parts is None or not parts.hostname:
        return [_fault(pointer, "not-a-url", "不是完整的网址（https://…）", "not a whole URL")]
    found = list(_of_form(url, parts, pointer))
    host, port = parts.hostname, _port(parts)
    known = listed(host, port)
    if parts.scheme != "https" and not (parts.scheme == "http" and known):
        found.append(_fault(pointer, "not-https", "应使用 https", "must be https"))
    if inner(host) and not known:
        found.append(
            _fault(pointer, "inner-address", "不能使用内部地址", "leads to an inner address")
        )
    return found


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _port(parts)
    except ValueError:
        return None
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or (80 if parts.scheme == "http" else 443)


def _of_form(url: str, parts: SplitResult, pointer: str) -> Iterator[Fault]:
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        yield _fault(
            pointer,
            "url-malformed",
            f"网址最长{LONGEST}个字符，只用可见ASCII字符（中文域名请用xn--形式）",
            f"at most {LONGEST} visible ASCII characters",
        )
    if parts.username is not None or parts.password is not None:
        yield _fault(pointer, "credentials", "网址中不能写用户名或密码", "no credentials in a URL")
    if parts.fragment:
        yield _fault(pointer, "fragment", "网址中不能有#片段", "no fragment")


def _fault(pointer: str, code: str, zh: str, en: str) -> Fault:
    return Fault(pointer, code, zh, en)
