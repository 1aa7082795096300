"""Which tokens are believed, and every way of forging one that is not."""

import base64
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from shared.security.callers import Caller, Role
from shared.security.issuer import ISSUER_URL, LocalIssuer
from shared.security.jwks import DiscoveredKeys, StaticKeys, read_jwks
from shared.security.outbound import Listed, open_client
from shared.security.secret_files import SecretFileError
from shared.security.tokens import Issuer, TokenError, TokenExpiredError, TokenVerifier
from tests.shared.security.loopback import Loopback, respond, serve

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LOCAL = LocalIssuer.new()
RSA_KEY = rsa.generate_private_key(65537, 2048)
ED_KEY = ed25519.Ed25519PrivateKey.generate()
PROVINCE = "https://id.example"

KEYS: Mapping[str, tuple[Any, Any]] = {
    "ES256": (LOCAL._key, ECAlgorithm.to_jwk(LOCAL._key.public_key(), as_dict=True)),
    "RS256": (RSA_KEY, RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True)),
    "EdDSA": (ED_KEY, OKPAlgorithm.to_jwk(ED_KEY.public_key(), as_dict=True)),
}


def verifier(**options: Any) -> TokenVerifier:
    return TokenVerifier([LOCAL.as_issuer()], **options)


def issue(**changes: Any) -> str:
    given: dict[str, Any] = {"subject": "u1", "role": Role.CLERK, "at": AT, "ttl": HOUR}
    return LOCAL.issue(**{**given, **changes})


def forge(
    *, key: Any = LOCAL._key, algorithm: str = "ES256", header: Any = (), **claims: Any
) -> str:
    """A token like ours, but for what is asked."""
    now = int(AT.timestamp())
    body = {
        "iss": ISSUER_URL,
        "aud": "tongban",
        "sub": "u1",
        "role": "clerk",
        "iat": now,
        "exp": now + 3600,
        **claims,
    }
    head = {"kid": LOCAL.jwks()["keys"][0]["kid"], "typ": "at+jwt", **dict(header)}
    left = {name: value for name, value in body.items() if value is not ...}
    kept = {name: value for name, value in head.items() if value is not ...}
    return jwt.encode(left, key, algorithm=algorithm, headers=kept)


def encode(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


async def refused(token: str, *, at: datetime = AT, by: TokenVerifier | None = None) -> str:
    with pytest.raises(TokenError) as error:
        await (by or verifier()).verify(token, at)
    return error.value.reason


async def test_a_token_says_who_its_bearer_is() -> None:
    token = issue(name="王芳", location="QH-01", division="630100", partner="gansu")
    caller = await verifier().verify(token, AT)
    assert caller == Caller(
        subject="u1",
        name="王芳",
        role=Role.CLERK,
        location="QH-01",
        division="630100",
        partner="gansu",
        issuer=ISSUER_URL,
        token_id=caller.token_id,
    )
    assert caller.token_id


async def test_what_a_token_leaves_out_is_nothing() -> None:
    caller = await verifier().verify(issue(location=None), AT)
    assert (caller.location, caller.division, caller.partner) == (None, None, None)
    assert caller.name == "u1"


async def test_an_empty_claim_is_no_location() -> None:
    assert (await verifier().verify(forge(location=""), AT)).location is None


@pytest.mark.parametrize("algorithm", list(KEYS))
async def test_each_pinned_algorithm_verifies(algorithm: str) -> None:
    key, jwk = KEYS[algorithm]
    issuer = Issuer(PROVINCE, StaticKeys({"keys": [{**jwk, "kid": "k"}]}), frozenset({algorithm}))
    token = forge(key=key, algorithm=algorithm, header={"kid": "k"}, iss=PROVINCE)
    assert (await TokenVerifier([issuer]).verify(token, AT)).issuer == PROVINCE


async def test_each_issuer_may_have_a_name_of_its_own_for_us() -> None:
    key, jwk = KEYS["ES256"]
    keys = StaticKeys({"keys": [{**jwk, "kid": "k"}]})
    by = TokenVerifier([Issuer(PROVINCE, keys, frozenset({"ES256"}), audience="tongban-qinghai")])
    ours, others = (
        forge(key=key, header={"kid": "k"}, iss=PROVINCE, aud=name)
        for name in ("tongban-qinghai", "tongban")
    )
    assert (await by.verify(ours, AT)).issuer == PROVINCE
    with pytest.raises(TokenError):
        await by.verify(others, AT)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "HS512", "ES256K"])
def test_no_issuer_can_be_registered_with_a_weak_algorithm(algorithm: str) -> None:
    with pytest.raises(ValueError, match=algorithm):
        Issuer("x", StaticKeys({}), frozenset({"ES256", algorithm}))


async def test_an_unsigned_token_is_refused() -> None:
    assert await refused(forge(key=None, algorithm="none")) == "algorithm not agreed"
    head, body, _ = issue().split(".")
    assert await refused(f"{head}.{body}.")


async def test_the_public_key_is_not_taken_for_a_shared_secret() -> None:
    public = LOCAL._key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    # By hand: the library refuses to sign with what looks like a public key.
    head = {"alg": "HS256", "typ": "JWT", "kid": LOCAL.jwks()["keys"][0]["kid"]}
    signed = f"{encode(json.dumps(head).encode())}.{issue().split('.')[1]}"
    signature = encode(hmac.digest(public, signed.encode(), "sha256"))
    assert await refused(f"{signed}.{signature}") == "algorithm not agreed"


async def test_another_algorithm_of_the_same_issuer_does_not_fit_the_key() -> None:
    keys = [{**KEYS[name][1], "kid": name} for name in ("ES256", "RS256")]
    issuer = Issuer(ISSUER_URL, StaticKeys({"keys": keys}), frozenset({"ES256", "RS256"}))
    by = TokenVerifier([issuer])
    token = forge(key=RSA_KEY, algorithm="RS256", header={"kid": "ES256"})
    assert await refused(token, by=by) == "algorithm does not fit the key"


async def test_a_strangers_signature_is_refused() -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    assert await refused(forge(key=stranger)) == "InvalidSignatureError"


@pytest.mark.parametrize("header", ["jwk", "jku", "x5u", "x5c"])
async def test_a_key_offered_by_the_token_itself_is_not_looked_at(header: str) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    jwk = {**ECAlgorithm.to_jwk(stranger.public_key(), as_dict=True), "kid": "mine"}
    offered = {"jwk": jwk, "x5c": ["MIIB"]}.get(header, "https://evil.example/jwks.json")
    assert await refused(forge(key=stranger, header={header: offered, "kid": "mine"})) == (
        "unknown key"
    )
    assert await refused(forge(key=stranger, header={header: offered})) == "InvalidSignatureError"


async def test_a_claim_cannot_be_changed_after_signing() -> None:
    head, body, signature = issue(location="QH-01").split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    claims["location"] = "QH-02"
    forged = encode(json.dumps(claims).encode())
    assert await refused(f"{head}.{forged}.{signature}") == "InvalidSignatureError"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"aud": "another"}, "InvalidAudienceError"),
        ({"aud": ...}, "MissingRequiredClaimError"),
        ({"iss": "https://elsewhere.example"}, "unknown issuer"),
        ({"iss": ISSUER_URL + "/"}, "unknown issuer"),
        ({"iss": ...}, "unknown issuer"),
        ({"sub": ...}, "MissingRequiredClaimError"),
        ({"sub": ""}, "incomplete"),
        ({"exp": ...}, "MissingRequiredClaimError"),
        ({"iat": ...}, "MissingRequiredClaimError"),
        ({"role": "root"}, "unknown role"),
        ({"role": ...}, "unknown role"),
        ({"role": ["ops"]}, "role is not a plain text"),
        ({"role": "anonymous"}, "unknown role"),
        ({"role": "partner"}, "incomplete"),
        ({"location": {"code": "x"}}, "location is not a plain text"),
        ({"location": "x" * 201}, "location is not a plain text"),
        ({"name": "a\nb"}, "name is not a plain text"),
        ({"exp": True}, "exp is not a time"),
        ({"exp": 1e300}, "exp is not a time"),
        ({"nbf": "soon"}, "nbf is not a time"),
    ],
)
async def test_a_token_that_says_too_little_or_nonsense_is_refused(
    claims: dict[str, Any], reason: str
) -> None:
    assert await refused(forge(**claims)) == reason


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"typ": "id+jwt"}, "not an access token"),
        ({"typ": None}, "not an access token"),
        ({"typ": "secevent+jwt"}, "not an access token"),
        ({"kid": ...}, "no key id"),
        ({"kid": "unknown"}, "unknown key"),
        ({"kid": "../../dev/null"}, "unknown key"),
        ({"crit": ["exp"], "exp": 1}, "unknown extension"),
    ],
)
async def test_a_header_that_is_not_ours_is_refused(header: dict[str, Any], reason: str) -> None:
    assert await refused(forge(header=header)) in {reason, "not a token"}


@pytest.mark.parametrize("kind", ["JWT", "at+jwt", "AT+JWT", "application/at+jwt"])
async def test_an_access_token_may_call_itself_by_any_of_its_names(kind: str) -> None:
    assert await verifier().verify(forge(header={"typ": kind}), AT)


async def test_expiry_is_kept_with_half_a_minute_of_grace() -> None:
    by, token = verifier(), issue(ttl=HOUR)
    assert await by.verify(token, AT + HOUR + timedelta(seconds=29))
    with pytest.raises(TokenExpiredError) as expired:
        await by.verify(token, AT + HOUR + timedelta(seconds=30))
    assert expired.value.code == "token-expired"


async def test_a_token_from_the_future_is_refused() -> None:
    token = issue()
    assert await verifier().verify(token, AT - timedelta(seconds=30))
    assert await refused(token, at=AT - timedelta(seconds=31)) == "not valid yet"
    later = int(AT.timestamp()) + 600
    assert await refused(forge(nbf=later)) == "not valid yet"
    assert await refused(forge(iat=later)) == "not valid yet"


async def test_a_remembered_token_still_expires() -> None:
    by = verifier()
    token = issue()
    assert await by.verify(token, AT) is await by.verify(token, AT)
    assert await refused(token, by=by, at=AT + 2 * HOUR) == "expired"


async def test_only_so_many_tokens_are_remembered() -> None:
    by = verifier(remembered=3)
    for _ in range(10):
        await by.verify(issue(), AT)
    assert len(by._verified) == 3


async def test_a_refused_token_is_not_remembered() -> None:
    by = verifier()
    await refused(forge(aud="another"), by=by)
    assert not by._verified


async def test_an_issuer_gives_only_the_roles_it_was_allowed() -> None:
    keys = StaticKeys(LOCAL.jwks())
    issuer = Issuer(ISSUER_URL, keys, frozenset({"ES256"}), frozenset({Role.PARTNER}))
    by = TokenVerifier([issuer])
    assert await refused(issue(role=Role.OPS), by=by) == "role not this issuer's to give"
    assert (await by.verify(issue(role=Role.PARTNER, partner="gansu"), AT)).partner == "gansu"


@given(token=st.text(max_size=300) | st.binary(max_size=200).map(lambda b: b.decode("latin1")))
async def test_noise_is_no_token(token: str) -> None:
    assert await refused(token)


@given(cut=st.integers(0, 2**30), bit=st.integers(0, 6))
async def test_no_bit_of_a_token_can_be_changed(cut: int, bit: int) -> None:
    token = issue(location="QH-01")
    position = cut % len(token)
    changed = token[:position] + chr(ord(token[position]) ^ 1 << bit) + token[position + 1 :]
    if _signed_bytes(changed) != _signed_bytes(token):
        assert await refused(changed)


def _signed_bytes(token: str) -> tuple[str, bytes] | str:
    """base64's last character holds spare bits: two spellings of one signature are one token."""
    head, _, signature = token.rpartition(".")
    try:
        return head, base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    except ValueError:
        return token


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "Bearer x", "x" * 9000])
async def test_what_is_no_token_is_refused(token: str) -> None:
    assert await refused(token)


async def test_a_deeply_nested_token_is_refused() -> None:
    head = encode(b'{"alg":"ES256","typ":"JWT"}')
    assert await refused(f"{head}.{encode(b'[' * 5000)}.AAAA")


# --- the embedded issuer's key


def test_the_issuers_key_is_made_once_and_kept_to_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "issuer.pem"
    first = LocalIssuer.load_or_create(path)
    assert LocalIssuer.load_or_create(path).jwks() == first.jwks()
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(SecretFileError, match="open to others"):
        LocalIssuer.load_or_create(path)


@pytest.mark.parametrize("content", [b"", b"junk"])
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "issuer.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SecretFileError, match="not a private key"):
        LocalIssuer.load_or_create(path)


def test_the_published_keys_hold_nothing_private() -> None:
    (jwk,) = LOCAL.jwks()["keys"]
    assert set(jwk) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


# --- keys by discovery


def jwk_of(key: ec.EllipticCurvePrivateKey, kid: str) -> dict[str, Any]:
    return {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}


class Province:
    """An OpenID issuer on the loopback."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = []
        self.url = ""
        self.down = False
        self.discovery: Callable[[dict[str, Any]], dict[str, Any]] = lambda found: found
        self.server: Loopback

    def reply(self, head: str) -> bytes:
        if self.down:
            return respond(b"", "503 Service Unavailable")
        if "/.well-known/openid-configuration" in head:
            found = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
            return respond(json.dumps(self.discovery(found)).encode())
        return respond(json.dumps({"keys": self.keys}).encode())

    @property
    def fetches(self) -> int:
        return self.server.paths.count("/keys")


@asynccontextmanager
async def province() -> AsyncIterator[tuple[Province, TokenVerifier]]:
    made = Province()
    async with serve(made.reply) as server, open_client(Listed(["127.0.0.1"])) as client:
        made.server = server
        made.url = f"http://127.0.0.1:{server.port}"
        keys = DiscoveredKeys(made.url, client)
        yield made, TokenVerifier([Issuer(made.url, keys, frozenset({"ES256"}))])


def provincial(made: Province, key: Any, kid: str, **claims: Any) -> str:
    return forge(key=key, header={"kid": kid}, iss=made.url, **claims)


async def test_keys_are_discovered_and_kept() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    async with province() as (made, by):
        made.keys = [jwk_of(key, "k1")]
        for number in range(3):
            assert await by.verify(provincial(made, key, "k1", jti=str(number)), AT)
        assert made.fetches == 1


async def test_a_rotated_key_is_found_and_a_withdrawn_one_no_longer_counts() -> None:
    old, new = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    async with province() as (made, by):
        made.keys = [jwk_of(old, "k1")]
        remembered = provincial(made, old, "k1")
        assert await by.verify(remembered, AT)
        made.keys = [jwk_of(new, "k2")]
        later = AT + timedelta(seconds=31)
        assert await by.verify(provincial(made, new, "k2"), later)
        assert await refused(remembered, by=by, at=later + timedelta(seconds=31)) == "unknown key"


async def test_made_up_key_ids_make_us_call_at_most_once_in_half_a_minute() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    async with province() as (made, by):
        made.keys = [jwk_of(key, "k1")]
        for second in range(60):
            at = AT + timedelta(seconds=second)
            await refused(provincial(made, key, f"made-up-{second}"), by=by, at=at)
        assert made.fetches == 2
        assert await by.verify(provincial(made, key, "k1"), AT)


async def test_old_keys_are_fetched_again_but_stay_in_force_while_the_issuer_is_away() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    async with province() as (made, by):
        made.keys = [jwk_of(key, "k1")]
        assert await by.verify(provincial(made, key, "k1", exp=AT.timestamp() + 90000), AT)
        made.down = True
        at = AT + timedelta(minutes=11)
        assert await by.verify(provincial(made, key, "k1", jti="2", exp=AT.timestamp() + 90000), at)
        assert len(made.server.requests) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://evil.example"},
        {"jwks_uri": None},
        {"jwks_uri": "ftp://127.0.0.1/keys"},
        {"jwks_uri": "file:///etc/passwd"},
    ],
)
async def test_a_discovery_document_that_speaks_of_another_is_not_believed(
    change: dict[str, Any],
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    async with province() as (made, by):
        made.keys = [jwk_of(key, "k1")]
        made.discovery = lambda found: {**found, **change}
        assert await refused(provincial(made, key, "k1"), by=by) == "unknown key"
        assert made.fetches == 0


def test_only_public_signature_keys_are_read() -> None:
    good = jwk_of(LOCAL._key, "k1")
    read = read_jwks(
        {
            "keys": [
                good,
                {**good, "kid": "enc", "use": "enc"},
                {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
                {"kty": "EC", "crv": "P-256", "x": "!!", "y": "", "kid": "broken"},
                {**good, "kid": None},
                "junk",
            ]
        }
    )
    assert list(read) == ["k1"]
    assert read_jwks({}) == read_jwks({"keys": None}) == {}
