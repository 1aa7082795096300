"""Which issuers this installation trusts, as its settings name them."""

import json
from collections.abc import Sequence
from pathlib import Path

import httpx

from shared.configuration import IssuerSettings
from shared.security.jwks import DiscoveredKeys, KeySource, StaticKeys
from shared.security.revocations import Revocations
from shared.security.tokens import Issuer, TokenVerifier


def trusted(
    issuers: Sequence[IssuerSettings], client: httpx.AsyncClient, revocations: Revocations
) -> TokenVerifier:
    """`client` fetches the keys of those known by discovery."""
    return TokenVerifier(
        [_issuer(one, client) for one in issuers],
        revocations=revocations,
    )


def _issuer(one: IssuerSettings, client: httpx.AsyncClient) -> Issuer:
    algorithms = frozenset(one.algorithms)
    return Issuer(one.issuer, _keys(one, client), algorithms, audience=one.audience)


def _keys(one: IssuerSettings, client: httpx.AsyncClient) -> KeySource:
    if one.jwks_file is not None:
        return StaticKeys(json.loads(Path(one.jwks_file).read_text(encoding="utf-8")))
    return DiscoveredKeys(one.issuer, client)
