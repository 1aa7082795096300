"""Twenty kinds of tampering and more: refused by us and by the reference library alike."""

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from shared.clock import utc_now
from shared.webhooks import secrets, signing
from shared.webhooks.refusals import WebhookRefusedError
from shared.webhooks.tampering import Genuine, Tampered, tampered

KEY = bytes(range(32))


def genuine() -> Genuine:
    """Signed at this moment: the reference library reads the wall clock when it verifies."""
    at = int(utc_now().timestamp())
    return Genuine(KEY, "018f3c1e", at, '{"type":"a","note":"受理"}'.encode())


def tampered_now(kind: str) -> Tampered:
    return next(each for each in tampered(genuine()) if each.zh == kind)


KINDS = [each.zh for each in tampered(genuine())]


def test_the_good_one_is_believed_by_both() -> None:
    good = genuine()
    ours = signing.verify([KEY], good.signed(), good.body, now=utc_now())
    assert ours.message_id == good.message_id
    assert Webhook(secrets.encode(KEY)).verify(good.body, good.signed())["type"] == "a"


def test_there_are_more_than_twenty_and_no_two_alike() -> None:
    assert len(set(KINDS)) == len(KINDS) > 20
    kinds = list(tampered(genuine()))
    assert len({(str(each.headers), each.body) for each in kinds}) == len(kinds)


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_refused_by_us(kind: str) -> None:
    bad = tampered_now(kind)
    with pytest.raises(WebhookRefusedError):
        signing.verify([KEY], bad.headers, bad.body, now=utc_now())


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_refused_by_the_reference_library(kind: str) -> None:
    bad = tampered_now(kind)
    # A malformed entry raises ValueError there.
    with pytest.raises((WebhookVerificationError, ValueError)):
        Webhook(secrets.encode(KEY)).verify(bad.body, bad.headers)
