"""Nobody can make us call our own network."""

import asyncio
import ipaddress
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shared.security.outbound import (
    AddressRefusedError,
    AnswerTooLargeError,
    Listed,
    Resolve,
    fetch,
    is_inner,
    open_client,
    resolve,
)
from tests.shared.security.loopback import respond, serve

INNER = [
    "127.0.0.1",
    "127.8.8.8",
    "::1",
    "0.0.0.0",  # noqa: S104  (an address to refuse, not to bind)
    "::",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "169.254.0.23",
    "168.63.129.16",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "fec0::1",
    "224.0.0.1",
    "239.255.255.250",
    "ff02::1",
    "255.255.255.255",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "198.18.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "240.0.0.1",
]


def names(**table: Sequence[str]) -> Resolve:
    async def look_up(host: str, port: int) -> Sequence[str]:
        return table[host.replace(".", "_")]

    return look_up


@pytest.mark.parametrize("address", INNER)
def test_an_inner_address_is_known_in_every_disguise(address: str) -> None:
    assert is_inner(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "114.114.114.114", "2400:3200::1"])
def test_a_public_address_is_not_inner(address: str) -> None:
    assert not is_inner(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "[::1]", "0"]
)
async def test_no_spelling_of_the_loopback_is_called(host: str) -> None:
    async with serve(lambda _: respond(b"secret")) as server, open_client(Listed()) as client:
        with pytest.raises((AddressRefusedError, httpx.ConnectError)):
            await client.get(f"http://{host}:{server.port}/")
        assert server.requests == []


async def test_a_name_that_leads_inside_is_not_called() -> None:
    look_up = names(evil_example=["127.0.0.1"])
    async with (
        serve(lambda _: respond(b"secret")) as server,
        open_client(Listed(), resolve=look_up) as client,
    ):
        with pytest.raises(AddressRefusedError) as refused:
            await client.get(f"http://evil.example:{server.port}/")
        assert server.requests == []
    assert refused.value.request.url.host == "evil.example"


@pytest.mark.parametrize("entry", ["127.0.0.0/8", "127.0.0.1", "partner.inner:{port}"])
async def test_what_is_listed_is_called_by_its_own_name(entry: str) -> None:
    look_up = names(partner_inner=["127.0.0.1"])
    async with serve(lambda _: respond(b"hello")) as server:
        listed = Listed([entry.format(port=server.port)])
        async with open_client(listed, resolve=look_up) as client:
            answer = await client.get(f"http://partner.inner:{server.port}/x")
    assert answer.text == "hello"
    assert f"Host: partner.inner:{server.port}" in server.requests[0]


async def test_a_listed_end_opens_no_other_port() -> None:
    look_up = names(partner_inner=["127.0.0.1"])
    async with (
        serve(lambda _: respond(b"hello")) as server,
        open_client(Listed(["partner.inner:1"]), resolve=look_up) as client,
    ):
        with pytest.raises(AddressRefusedError):
            await client.get(f"http://partner.inner:{server.port}/x")


async def test_of_several_addresses_only_those_permitted_are_tried() -> None:
    look_up = names(mixed_example=["169.254.169.254", "::1", "127.0.0.1"])
    async with (
        serve(lambda _: respond(b"hello")) as server,
        open_client(Listed(["127.0.0.1"]), resolve=look_up) as client,
    ):
        assert (await client.get(f"http://mixed.example:{server.port}/")).text == "hello"


async def test_a_name_is_looked_up_once_for_each_connection() -> None:
    """A second answer, pointing inside, would come too late: the first one was called."""
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])

    async def look_up(host: str, port: int) -> Sequence[str]:
        return next(answers)

    async with serve(lambda _: respond(b"hello")) as server:
        listed = Listed([f"127.0.0.1:{server.port}"])
        async with open_client(listed, resolve=look_up) as client:
            url = f"http://rebinding.example:{server.port}/"
            assert (await client.get(url)).text == "hello"
            with pytest.raises(AddressRefusedError):
                await client.get(url)


async def test_a_redirect_is_not_followed() -> None:
    redirect = respond(b"", "302 Found", location="http://169.254.169.254/")
    async with serve(lambda _: redirect) as server, open_client(Listed(["127.0.0.1"])) as client:
        answer = await client.get(f"http://127.0.0.1:{server.port}/")
    assert answer.status_code == 302
    assert len(server.requests) == 1


async def test_a_proxy_in_the_surroundings_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve(lambda _: respond(b"proxied")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        async with open_client(Listed()) as client:
            with pytest.raises(AddressRefusedError):
                await client.get("http://10.1.2.3/")
        assert proxy.requests == []


async def test_a_name_that_does_not_resolve_is_a_failed_call() -> None:
    async def nowhere(host: str, port: int) -> Sequence[str]:
        raise OSError(-2, "unknown")

    async with open_client(Listed(), resolve=nowhere) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("http://nowhere.example/")


async def test_the_systems_own_resolver_answers_with_addresses() -> None:
    assert "127.0.0.1" in await resolve("localhost", 80) or "::1" in await resolve("localhost", 80)


@pytest.mark.parametrize("entry", ["", "partner", "partner:", ":80", "10.0.0.0/33", "partner:x"])
def test_an_entry_that_says_nothing_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        Listed([entry])


async def test_an_answer_that_is_too_long_is_cut() -> None:
    async with (
        serve(lambda _: respond(b"x" * 1001)) as server,
        open_client(Listed(["127.0.0.1"])) as client,
    ):
        request = client.build_request("GET", f"http://127.0.0.1:{server.port}/")
        with pytest.raises(AnswerTooLargeError):
            await fetch(client, request, limit=1000, within=60)
        answer = await fetch(client, request, limit=1001, within=60)
    assert (answer.status, len(answer.body)) == (200, 1001)


async def test_a_compressed_answer_is_refused() -> None:
    async with (
        serve(lambda _: respond(b"\x1f\x8b", content_encoding="gzip")) as server,
        open_client(Listed(["127.0.0.1"])) as client,
    ):
        request = client.build_request("GET", f"http://127.0.0.1:{server.port}/")
        with pytest.raises(AnswerTooLargeError, match="compressed"):
            await fetch(client, request, limit=1000, within=60)


async def test_a_call_that_drips_ends_in_time() -> None:
    async def slowly(_: str) -> bytes:
        await asyncio.sleep(0.4)
        return respond(b"late")

    async with serve(slowly) as server, open_client(Listed(["127.0.0.1"])) as client:
        request = client.build_request("GET", f"http://127.0.0.1:{server.port}/")
        with pytest.raises(TimeoutError):
            await fetch(client, request, limit=1000, within=0.1)


def certificate(folder: Path, name: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=3650))
        .not_valid_after(now + timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


async def test_the_certificate_is_checked_against_the_name_not_the_address(
    tmp_path: Path,
) -> None:
    pem = certificate(tmp_path, "partner.example")
    inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    inside.load_cert_chain(pem)
    trust = ssl.create_default_context(cafile=str(pem))
    look_up = names(partner_example=["127.0.0.1"], other_example=["127.0.0.1"])
    async with serve(lambda _: respond(b"hello"), tls=inside) as server:
        listed = Listed(["127.0.0.1"])
        async with open_client(listed, verify=trust, resolve=look_up) as client:
            answer = await client.get(f"https://partner.example:{server.port}/")
            assert answer.text == "hello"
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await client.get(f"https://other.example:{server.port}/")
