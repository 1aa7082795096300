"""Twenty kinds of tampering and more: refused by us and by the reference library alike."""

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from shared.clock import utc_now
from shared.webhooks import secrets, signing
from shared.webhooks.refusals import WebhookRefusedError
from shared.webhooks.tampering import Genuine, Tampered, tampered

KEY = bytes(range(32))
NOW = utc_now()
GOOD = Genuine(KEY, "018f3c1e", int(NOW.timestamp()), '{"type":"a","note":"受理"}'.encode())
KINDS = list(tampered(GOOD))


def test_the_good_one_is_believed_by_both() -> None:
    assert signing.verify([KEY], GOOD.signed(), GOOD.body, now=NOW).message_id == GOOD.message_id
    assert Webhook(secrets.encode(KEY)).verify(GOOD.body, GOOD.signed())["type"] == "a"


def test_there_are_more_than_twenty_and_no_two_alike() -> None:
    assert len({each.zh for each in KINDS}) == len(KINDS) > 20
    assert len({(str(each.headers), each.body) for each in KINDS}) == len(KINDS)


@pytest.mark.parametrize("bad", KINDS, ids=lambda bad: bad.zh)
def test_each_is_refused_by_us(bad: Tampered) -> None:
    with pytest.raises(WebhookRefusedError):
        signing.verify([KEY], bad.headers, bad.body, now=NOW)


@pytest.mark.parametrize("bad", KINDS, ids=lambda bad: bad.zh)
def test_each_is_refused_by_the_reference_library(bad: Tampered) -> None:
    # A malformed entry raises ValueError there.
    with pytest.raises((WebhookVerificationError, ValueError)):
        Webhook(secrets.encode(KEY)).verify(bad.body, bad.headers)
