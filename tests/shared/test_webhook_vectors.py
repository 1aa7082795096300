"""The vectors that partners test with are those that the code gives."""

import json
from pathlib import Path

from standardwebhooks.webhooks import Webhook

from shared.webhooks import secrets, vectors
from shared.webhooks.refusals import Reason

FILE = Path(__file__).parents[2] / "docs" / "webhooks" / "vectors.json"


def test_the_file_of_vectors_has_not_drifted() -> None:
    written = FILE.read_text(encoding="utf-8")
    assert written == vectors.text(), (
        "python -m shared.webhooks.vectors > docs/webhooks/vectors.json"
    )


def test_every_vector_is_what_it_says() -> None:
    data = json.loads(FILE.read_text(encoding="utf-8"))
    for vector in data["accepted"]:
        assert vectors.verdict(vector["headers"], vector["body"]) == "accepted", vector["name"]
    for vector in data["refused"]:
        verdict = vectors.verdict(vector["headers"], vector["body"])
        assert verdict == vector["reason"] != "accepted", vector["name"]
    assert len(data["refused"]) >= 20
    names = [vector["name"] for vector in data["accepted"] + data["refused"]]
    assert len(names) == len(set(names))


def test_every_reason_but_the_unknown_sender_has_a_vector_or_needs_two_headers() -> None:
    shown = {vector["reason"] for vector in vectors.vectors()["refused"]}
    assert set(Reason) - shown == {Reason.UNKNOWN_SENDER, Reason.HEADER_REPEATED}


def test_the_reference_library_computes_the_same_signatures() -> None:
    data = vectors.vectors()
    keys = [secrets.decode(data[name]) for name in ("secret", "previous_secret")]
    for vector in data["accepted"]:
        sent = vector["headers"]
        entries = sent["webhook-signature"].split(" ")
        at = vectors.instant(int(sent["webhook-timestamp"]))
        theirs = {Webhook(key).sign(sent["webhook-id"], at, vector["body"]) for key in keys}
        assert theirs & set(entries), vector["name"]
