"""Decides whether a bearer token is genuine and says who bears it.

Each issuer's algorithms are pinned beforehand, keys come only from where the issuer was registered
to publish them, and what the token's own header offers (jku, x5u, jwk) is never looked at.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import jwt
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from shared.errors import DomainError
from shared.security.callers import Caller, Role
from shared.security.jwks import KeySource
from shared.security.revocations import Bearer, Revocations

AUDIENCE: Final = "tongban"
SKEW: Final = timedelta(seconds=30)
MAX_TOKEN: Final = 8 * 1024
MAX_CLAIM: Final = 200
TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})
ASYMMETRIC: Final = frozenset(
    {"ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"}
)


class TokenError(DomainError):
    """`reason` is for the log; the caller is told no more than that the token does not hold."""

    code = "token-invalid"

    def __init__(
        self,
        reason: str,
        message_zh: str = "登录凭证无效，请重新登录",
        message_en: str = "the bearer token is not valid",
    ) -> None:
        super().__init__(message_zh, message_en)
        self.reason = reason


class TokenExpiredError(TokenError):
    code = "token-expired"

    def __init__(self) -> None:
        super().__init__("expired", "登录凭证已过期，请重新登录", "the bearer token has expired")


@dataclass(frozen=True, slots=True)
class Issuer:
    """`url` is the exact `iss`; `roles` bounds what this issuer may say of anybody: a partner's
    issuer cannot make our operators."""

    url: str
    keys: KeySource = field(repr=False)
    algorithms: frozenset[str]
    roles: frozenset[Role] = frozenset(Role)
    audience: str = AUDIENCE

    def __post_init__(self) -> None:
        weak = self.algorithms - ASYMMETRIC
        if weak or not self.algorithms:
            raise ValueError(f"only signatures that the issuer alone can make, not {sorted(weak)}")


@dataclass(frozen=True, slots=True)
class _Verified:
    caller: Caller
    issuer: Issuer
    kid: str
    issued: float
    not_before: float
    expires: float

    @property
    def bearer(self) -> Bearer:
        caller = self.caller
        return Bearer(caller.issuer, caller.subject, caller.token_id, self.issued)


class TokenVerifier:
    """Verified tokens are remembered until they expire, by digest, so that a token's signature is
    checked once; revocation and withdrawn keys are looked at every time."""

    def __init__(
        self,
        issuers: Iterable[Issuer],
        *,
        revocations: Revocations | None = None,
        remembered: int = 10_000,
    ) -> None:
        self._issuers = {issuer.url: issuer for issuer in issuers}
        self._revocations = revocations or Revocations(None)
        self._remembered = remembered
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()

    async def verify(self, token: str, at: datetime) -> Caller:
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        verified = self._recall(digest)
        if verified is None:
            verified = await self._examine(token, at)
            self._remember(digest, verified)
        _check_times(verified, at)
        if await self._revocations.covers(verified.bearer):
            raise TokenError("revoked")
        return verified.caller

    def _recall(self, digest: bytes) -> _Verified | None:
        verified = self._verified.get(digest)
        if verified is None:
            return None
        if not verified.issuer.keys.holds(verified.kid):
            del self._verified[digest]
            return None
        self._verified.move_to_end(digest)
        return verified

    def _remember(self, digest: bytes, verified: _Verified) -> None:
        self._verified[digest] = verified
        while len(self._verified) > self._remembered:
            self._verified.popitem(last=False)

    async def _examine(self, token: str, at: datetime) -> _Verified:
        header, claims = _read_unverified(token)
        issuer = self._issuers.get(_text(claims, "iss") or "")
        if issuer is None:
            raise TokenError("unknown issuer")
        key = await _key_for(issuer, header, at)
        _check_signature(token, key, header["alg"], issuer)
        issued = _instant(claims, "iat")
        verified = _Verified(
            caller=_caller(claims, issuer),
            issuer=issuer,
            kid=header["kid"],
            issued=issued,
            not_before=max(_instant(claims, "nbf", 0.0), issued),
            expires=_instant(claims, "exp"),
        )
        _check_times(verified, at)
        return verified


def _check_signature(token: str, key: PyJWK, algorithm: str, issuer: Issuer) -> None:
    try:
        jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=issuer.audience,
            issuer=issuer.url,
            # Times are compared by us, with the time that we were given.
            options={
                "require": ["exp", "iat", "sub", "aud", "iss"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except PyJWTError as error:
        raise TokenError(type(error).__name__) from None


def _read_unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    if len(token) > MAX_TOKEN:
        raise TokenError("too long")
    try:
        parts = jwt.decode_complete(token, options={"verify_signature": False})
    except (PyJWTError, ValueError, RecursionError):
        raise TokenError("not a token") from None
    header, claims = parts["header"], parts["payload"]
    if str(header.get("typ")).lower() not in TYPES:
        raise TokenError("not an access token")
    # Critical extensions must be understood or refused; none is understood here.
    if "crit" in header or "b64" in header:
        raise TokenError("unknown extension")
    return header, claims


async def _key_for(issuer: Issuer, header: Mapping[str, Any], at: datetime) -> PyJWK:
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in issuer.algorithms:
        raise TokenError("algorithm not agreed")
    if not isinstance(kid, str) or not 0 < len(kid) <= MAX_CLAIM:
        raise TokenError("no key id")
    key = await issuer.keys.find(kid, at)
    if key is None:
        raise TokenError("unknown key")
    if key.algorithm_name != algorithm:
        raise TokenError("algorithm does not fit the key")
    return key


def _caller(claims: Mapping[str, Any], issuer: Issuer) -> Caller:
    try:
        role = Role(_text(claims, "role") or "")
    except ValueError:
        raise TokenError("unknown role") from None
    if role not in issuer.roles:
        raise TokenError("role not this issuer's to give")
    subject = _text(claims, "sub")
    partner = _text(claims, "partner")
    if subject is None or (role is Role.PARTNER and partner is None):
        raise TokenError("incomplete")
    return Caller(
        subject=subject,
        name=_text(claims, "name") or subject,
        role=role,
        location=_text(claims, "location"),
        division=_text(claims, "division"),
        partner=partner,
        issuer=issuer.url,
        token_id=_text(claims, "jti"),
    )


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    """A claim that is absent or empty says nothing; one of another type spoils the token."""
    value = claims.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > MAX_CLAIM or not value.isprintable():
        raise TokenError(f"{name} is not a plain text")
    return value


def _instant(claims: Mapping[str, Any], name: str, default: float | None = None) -> float:
    value = claims.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise TokenError(f"{name} is not a time")
    return float(value)


def _check_times(verified: _Verified, at: datetime) -> None:
    now, skew = at.timestamp(), SKEW.total_seconds()
    if now >= verified.expires + skew:
        raise TokenExpiredError
    if now < verified.not_before - skew:
        raise TokenError("not valid yet")
