"""The embedded installation's own issuer: one ES256 key, and tokens for the people who try it."""

import base64
import hashlib
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from shared.chance import new_id
from shared.security.callers import Role
from shared.security.jwks import StaticKeys
from shared.security.secret_files import SecretFileError, create_secret, read_secret
from shared.security.tokens import AUDIENCE, Issuer

ISSUER_URL: Final = "urn:tongban:local"
ALGORITHM: Final = "ES256"


class LocalIssuer:
    def __init__(self, key: ec.EllipticCurvePrivateKey, *, url: str = ISSUER_URL) -> None:
        self.url = url
        self._key = key
        self._jwk = _public_jwk(key)

    @classmethod
    def new(cls, *, url: str = ISSUER_URL) -> Self:
        """A key in memory only."""
        return cls(ec.generate_private_key(ec.SECP256R1()), url=url)

    @classmethod
    def load_or_create(cls, path: Path, *, url: str = ISSUER_URL) -> Self:
        if not path.exists():
            create_secret(path, _pem(ec.generate_private_key(ec.SECP256R1())))
        return cls(_read_key(path), url=url)

    @classmethod
    def load(cls, path: Path, *, url: str = ISSUER_URL) -> Self:
        """One that somebody else has made; SecretFileError where there is none."""
        return cls(_read_key(path), url=url)

    def issue(
        self,
        *,
        subject: str,
        role: Role,
        at: datetime,
        ttl: timedelta,
        name: str | None = None,
        location: str | None = None,
        division: str | None = None,
        partner: str | None = None,
        audience: str = AUDIENCE,
    ) -> str:
        issued = int(at.timestamp())
        said = {
            "name": name,
            "role": role.value,
            "location": location,
            "division": division,
            "partner": partner,
        }
        claims = {
            "iss": self.url,
            "aud": audience,
            "sub": subject,
            "jti": str(new_id()),
            "iat": issued,
            "nbf": issued,
            "exp": issued + int(ttl.total_seconds()),
            **{key: value for key, value in said.items() if value is not None},
        }
        headers = {"kid": self._jwk["kid"], "typ": "at+jwt"}
        return jwt.encode(claims, self._key, algorithm=ALGORITHM, headers=headers)

    def jwks(self) -> dict[str, Any]:
        return {"keys": [self._jwk]}

    def as_issuer(self) -> Issuer:
        """How a verifier knows it."""
        return Issuer(self.url, StaticKeys(self.jwks()), frozenset({ALGORITHM}))


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(read_secret(path), password=None)
    except (ValueError, TypeError):
        raise SecretFileError(f"{path} is not a private key") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise SecretFileError(f"{path} is not a P-256 key")
    return key


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _public_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    # RFC 7638: the key's own thumbprint, so that the id follows from the key.
    thumb = json.dumps(
        {name: public[name] for name in ("crv", "kty", "x", "y")},
        separators=(",", ":"),
        sort_keys=True,
    )
    digest = hashlib.sha256(thumb.encode()).digest()
    kid = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return {**public, "kid": kid, "use": "sig", "alg": ALGORITHM}
