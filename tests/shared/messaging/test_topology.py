"""Names and arguments, and that the definitions file says the same."""

from deploy.definitions import FILE, written
from shared.messaging.topology import Topology

STREET = Topology(("north", "east", "south"))


def test_every_house_hears_every_other_in_each_lane() -> None:
    queues = {queue.name for queue in STREET.queues if ".from." in queue.name}
    assert queues == {
        f"tongban.{consumer}.from.{producer}.{lane}"
        for consumer in STREET.houses
        for producer in STREET.houses
        if consumer != producer
        for lane in ("interactive", "bulk")
    }
    bound = {(binding.exchange, binding.queue, binding.key) for binding in STREET.bindings}
    assert ("tongban.north", "tongban.south.from.north.bulk", "bulk.#") in bound


def test_what_people_wait_for_is_read_first() -> None:
    heard = STREET.heard_by("south", ("north", "east"))
    assert [name.rpartition(".")[2] for name in heard] == ["interactive"] * 2 + ["bulk"] * 2


def test_queues_refuse_when_full_and_let_go_of_nothing() -> None:
    for queue in STREET.queues:
        assert queue.arguments["x-queue-type"] == "quorum"
        if ".from." in queue.name:
            assert queue.arguments["x-overflow"] == "reject-publish"
            assert queue.arguments["x-dead-letter-strategy"] == "at-least-once"
            assert queue.arguments["x-delivery-limit"] > 1
            assert queue.arguments["x-max-length"] > 0


def test_every_house_has_somewhere_for_what_nobody_hears_and_what_cannot_be_kept() -> None:
    kept = {queue.name for queue in STREET.queues if ".from." not in queue.name}
    for house in STREET.houses:
        assert {f"tongban.{house}.unrouted", f"tongban.{house}.dead"} <= kept
    for exchange in STREET.exchanges:
        if exchange.kind == "topic":
            assert exchange.arguments["alternate-exchange"] == f"{exchange.name}.unrouted"


def test_the_definitions_file_is_what_the_services_declare() -> None:
    assert FILE.read_text() == written(), "run python -m deploy.definitions"
