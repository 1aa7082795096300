"""One holder at any time, whatever is done to bags and papers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from services.routing.domain import custody, discrepancies, parcels, scans
from services.routing.domain.custody import Act, Entry, Holder, HolderKind
from services.routing.domain.discrepancies import ALLOWED, Discrepancy, Effect, Settlement, Side
from services.routing.domain.parcels import Consequence, Deed, End, Parcel, State

NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
APPLICANT = Holder(HolderKind.APPLICANT, "case-1")
XINING = Holder(HolderKind.LOCATION, "XN")
LANZHOU = Holder(HolderKind.LOCATION, "LZ")
BAG = Holder(HolderKind.PARCEL, "P1")
EMS = Holder(HolderKind.CARRIER, "EMS")
GONE = Holder(HolderKind.LOST, "P1")


def entry(act: Act, giver: Holder | None, to: Holder, seq: int = 1) -> Entry:
    return Entry("o1", seq, act, giver, to, NINE)


def test_the_way_of_a_paper_from_the_counter_to_the_office_and_back() -> None:
    way = [
        (Act.TAKE_IN, XINING),
        (Act.FILL, BAG),
        (Act.HAND_OVER, EMS),
        (Act.SCAN_IN, LANZHOU),
        (Act.FILL, Holder(HolderKind.PARCEL, "P2")),
        (Act.HAND_OVER, EMS),
        (Act.SCAN_IN, XINING),
        (Act.GIVE_BACK, APPLICANT),
    ]
    ledger: list[Entry] = []
    for act, to in way:
        held = ledger[-1] if ledger else None
        ledger.append(custody.move("o1", held, act, to, at=NINE))
    custody.check(ledger)
    assert custody.holder_of(ledger) == APPLICANT
    assert [each.seq for each in ledger] == list(range(1, 9))


HOLDERS = (None, APPLICANT, XINING, BAG, EMS, GONE)


@pytest.mark.parametrize(("act", "giver", "to"), list(product(Act, HOLDERS, HOLDERS[1:])))
def test_every_act_from_every_hand_to_every_other(
    act: Act, giver: Holder | None, to: Holder
) -> None:
    held = entry(Act.TAKE_IN, None, giver) if giver else None
    kinds = (giver.kind if giver else None, to.kind)
    if kinds in custody.MOVES[act] and giver != to:
        moved = custody.move("o1", held, act, to, at=NINE)
        assert (moved.from_holder, moved.to_holder) == (giver, to)
        return
    with pytest.raises(custody.WrongHolderError) as refusal:
        custody.move("o1", held, act, to, at=NINE)
    assert refusal.value.facts["allowed"] == [each.value for each in custody.allowed(giver)]


def test_an_act_that_believes_somebody_else_holds_it_is_refused() -> None:
    held = entry(Act.TAKE_IN, None, XINING)
    with pytest.raises(custody.WrongHolderError, match="location:XN"):
        custody.move("o1", held, Act.FILL, BAG, at=NINE, expected=LANZHOU)


@pytest.mark.parametrize(
    "forged",
    [
        [entry(Act.TAKE_IN, None, XINING), entry(Act.FILL, LANZHOU, BAG, 2)],
        [entry(Act.TAKE_IN, None, XINING), entry(Act.FILL, XINING, BAG, 3)],
        [entry(Act.TAKE_IN, None, XINING), entry(Act.SCAN_IN, XINING, LANZHOU, 2)],
        [entry(Act.TAKE_IN, APPLICANT, XINING)],
    ],
)
def test_a_forged_ledger_is_found(forged: list[Entry]) -> None:
    with pytest.raises(custody.LedgerBrokenError):
        custody.check(forged)


# state: deed -> where it leads
BAGS = {
    "open": {"fill": "open", "take_out": "open", "seal": "sealed", "discard": "closed"},
    "sealed": {"unseal": "open", "hand_over": "handed_over"},
    "handed_over": {"transit": "in_transit", "arrive": "arrived", "scan": "scanned",
                    "turn_back": "returning", "lose": "lost"},
    "in_transit": {"arrive": "arrived", "scan": "scanned", "turn_back": "returning",
                   "lose": "lost"},
    "arrived": {"scan": "scanned", "turn_back": "returning", "lose": "lost"},
    "returning": {"take_back": "returned", "lose": "lost"},
    "lost": {"find": "in_transit", "close": "closed"},
    "scanned": {"close": "closed"},
    "returned": {"close": "closed"},
    "closed": {},
}  # fmt: skip


@pytest.mark.parametrize(("state", "deed"), list(product(State, Deed)))
def test_every_deed_on_a_parcel_is_allowed_or_refused_with_what_is(
    state: State, deed: Deed
) -> None:
    leads_to = BAGS[state.value].get(deed.value)
    if leads_to:
        assert parcels.after(state, deed).value == leads_to
        return
    with pytest.raises(parcels.ParcelStateError) as refusal:
        parcels.after(state, deed)
    assert set(refusal.value.facts["allowed"]) == set(BAGS[state.value])


def test_each_deed_belongs_to_an_end() -> None:
    assert set(parcels.WHO) == set(Deed)
    assert parcels.may(End.SENDER, Deed.SEAL)
    assert not parcels.may(End.RECEIVER, Deed.SEAL)
    assert not parcels.may(End.SENDER, Deed.SCAN)
    assert parcels.may(End.RECEIVER, Deed.CLOSE)


def test_an_empty_bag_is_not_sealed() -> None:
    with pytest.raises(parcels.ParcelEmptyError):
        parcels.seal(Parcel("P1", "XN", "LZ"))
    assert parcels.seal(Parcel("P1", "XN", "LZ", manifest=frozenset({"o1"}))) is State.SEALED


@pytest.mark.parametrize(
    ("state", "deed", "leads_to"),
    [
        (State.HANDED_OVER, Deed.TRANSIT, State.IN_TRANSIT),
        (State.IN_TRANSIT, Deed.ARRIVE, State.ARRIVED),
        (State.IN_TRANSIT, Deed.TRANSIT, None),
        (State.ARRIVED, Deed.TRANSIT, None),
        (State.SCANNED, Deed.ARRIVE, None),
        (State.CLOSED, Deed.TURN_BACK, None),
        (State.LOST, Deed.ARRIVE, None),
        (State.HANDED_OVER, Deed.SCAN, None),
    ],
)
def test_a_late_carrier_event_annotates_and_moves_nothing_back(
    state: State, deed: Deed, leads_to: State | None
) -> None:
    assert parcels.tracked(state, deed) is leads_to


def test_scanning_compares_with_the_manifest() -> None:
    found = scans.compare(
        {"o1", "o2", "o3", "o4"}, found=["o1", "x1", "o4"], damaged=["o2"], extra=["x2", "o4"]
    )
    assert found.found == ("o1", "o2", "o4")
    assert found.missing == ("o3",)
    assert found.damaged == ("o2",)
    assert found.extra == ("x1", "x2")
    assert not found.clean
    assert scans.compare({"o1"}, found=["o1"], damaged=[], extra=[]).clean


def test_what_a_scan_does_to_each_paper() -> None:
    bag = Parcel("P1", "XN", "LZ", State.ARRIVED, frozenset({"o1", "o2", "o3"}), "EMS")
    scan = scans.compare(bag.manifest, found=["o1", "o2"], damaged=[], extra=["x1", "x2"])
    holders = {"o1": EMS, "o2": GONE, "o3": EMS, "x1": XINING}
    assert scans.consequences(scan, bag, holders) == (
        Consequence("o1", Act.SCAN_IN, LANZHOU),
        Consequence("o2", Act.TURN_UP, LANZHOU),
        Consequence("x1", Act.TURN_UP, LANZHOU),
    )


def test_what_was_lost_or_turned_up_elsewhere_is_not_moved_with_its_bag() -> None:
    bag = Parcel("P1", "XN", "LZ", State.IN_TRANSIT, frozenset({"o1", "o2"}), "EMS")
    holders = {"o1": EMS, "o2": LANZHOU}
    assert parcels.acts_on(bag, Deed.LOSE, holders) == (Consequence("o1", Act.LOSE, GONE),)
    lost = replace(bag, state=State.LOST)
    assert parcels.acts_on(lost, Deed.FIND, {"o1": GONE, "o2": LANZHOU}) == (
        Consequence("o1", Act.FIND, EMS),
    )
    back = replace(bag, state=State.RETURNING)
    assert parcels.acts_on(back, Deed.TAKE_BACK, holders) == (
        Consequence("o1", Act.SCAN_IN, XINING),
    )
    assert parcels.acts_on(bag, Deed.ARRIVE, holders) == ()
    sealed = replace(bag, state=State.SEALED, carrier=None)
    assert parcels.acts_on(sealed, Deed.HAND_OVER, {"o1": BAG}, carrier="EMS") == (
        Consequence("o1", Act.HAND_OVER, EMS),
    )
    assert parcels.acts_on(sealed, Deed.HAND_OVER, {"o1": BAG}) == ()


def test_a_discrepancy_is_settled_when_both_ends_say_the_same() -> None:
    scan = scans.compare({"o1", "o2"}, found=[], damaged=["o2"], extra=["x1"])
    missing, extra, damaged = discrepancies.of_scan(scan)
    assert [each.kind.value for each in (missing, extra, damaged)] == [
        "missing",
        "extra",
        "damaged",
    ]
    said = discrepancies.say(missing, Settlement.LOST, end=End.SENDER)
    said = discrepancies.say(said, Settlement.NEVER_SENT, end=End.RECEIVER)
    assert said.settled is None
    with pytest.raises(discrepancies.UnsettledError) as refusal:
        discrepancies.check_settled([said])
    assert refusal.value.facts["originals"] == ["o1"]
    said = discrepancies.say(said, Settlement.NEVER_SENT, end=End.SENDER)
    assert said.settled is Settlement.NEVER_SENT
    discrepancies.check_settled([said])
    with pytest.raises(discrepancies.AlreadySettledError):
        discrepancies.say(said, Settlement.LOST, end=End.SENDER)
    assert discrepancies.effect_of(said, EMS) == Effect(Act.SCAN_IN, Side.SENDER)
    assert discrepancies.effect_of(said, LANZHOU) is None
    assert discrepancies.effect_of(missing, EMS) is None


@pytest.mark.parametrize(("kind", "settlement"), list(product(discrepancies.Kind, Settlement)))
def test_each_discrepancy_is_settled_in_its_own_ways(
    kind: discrepancies.Kind, settlement: Settlement
) -> None:
    discrepancy = Discrepancy(kind, "o1")
    if settlement in ALLOWED[kind]:
        assert discrepancies.say(discrepancy, settlement, end=End.SENDER).sender_says is settlement
        return
    with pytest.raises(discrepancies.SettlementError):
        discrepancies.say(discrepancy, settlement, end=End.RECEIVER)


PLACES = ("XN", "LZ", "CD")
PAPERS = tuple(f"o{n}" for n in range(8))
SOME = st.sets(st.sampled_from(PAPERS))


class Papers(RuleBasedStateMachine):
    """Three places, eight papers, any number of bags; the model is only the ledgers."""

    def __init__(self) -> None:
        super().__init__()
        self.ledgers: dict[str, list[Entry]] = {paper: [] for paper in PAPERS}
        self.bags: dict[str, Parcel] = {}
        self.open: dict[str, list[Discrepancy]] = {}
        self.at = NINE

    @initialize()
    def papers_come_over_the_counter(self) -> None:
        for paper in PAPERS:
            self.move(paper, Act.TAKE_IN, Holder(HolderKind.LOCATION, "XN"))

    def move(self, paper: str, act: Act, to: Holder) -> None:
        ledger = self.ledgers[paper]
        self.at += timedelta(minutes=1)
        held = ledger[-1] if ledger else None
        ledger.append(custody.move(paper, held, act, to, at=self.at))

    def holders(self) -> dict[str, Holder]:
        return {paper: ledger[-1].to_holder for paper, ledger in self.ledgers.items() if ledger}

    def at_places(self) -> list[str]:
        return [p for p, holder in self.holders().items() if holder.kind is HolderKind.LOCATION]

    def in_state(self, *states: State) -> list[Parcel]:
        return [bag for bag in self.bags.values() if bag.state in states]

    def turned(self, bag: Parcel, deed: Deed, *, carrier: str | None = None) -> None:
        state = parcels.after(bag.state, deed)
        self.bags[bag.id] = replace(bag, state=state, carrier=carrier or bag.carrier)

    @precondition(lambda self: self.at_places())
    @rule(data=st.data())
    def fill(self, data: st.DataObject) -> None:
        paper = data.draw(st.sampled_from(self.at_places()))
        here = self.holders()[paper].id
        bags = [bag for bag in self.in_state(State.OPEN) if bag.sender == here]
        if bags:
            bag = data.draw(st.sampled_from(bags))
        else:
            to = data.draw(st.sampled_from([place for place in PLACES if place != here]))
            bag = Parcel(f"P{len(self.bags)}", here, to)
        self.move(paper, Act.FILL, Holder(HolderKind.PARCEL, bag.id))
        self.bags[bag.id] = replace(bag, manifest=bag.manifest | {paper})

    @precondition(lambda self: any(bag.manifest for bag in self.in_state(State.OPEN)))
    @rule(data=st.data())
    def take_out(self, data: st.DataObject) -> None:
        bag = data.draw(st.sampled_from([b for b in self.in_state(State.OPEN) if b.manifest]))
        paper = data.draw(st.sampled_from(sorted(bag.manifest)))
        if self.holders()[paper] == bag.holder:
            self.move(paper, Act.TAKE_OUT, Holder(HolderKind.LOCATION, bag.sender))
        self.bags[bag.id] = replace(bag, manifest=bag.manifest - {paper})

    @precondition(lambda self: any(bag.manifest for bag in self.in_state(State.OPEN)))
    @rule(data=st.data())
    def seal(self, data: st.DataObject) -> None:
        bag = data.draw(st.sampled_from([b for b in self.in_state(State.OPEN) if b.manifest]))
        self.bags[bag.id] = replace(bag, state=parcels.seal(bag))

    def deed(
        self,
        data: st.DataObject,
        deed: Deed,
        states: tuple[State, ...],
        *,
        carrier: str | None = None,
    ) -> None:
        bag = data.draw(st.sampled_from(self.in_state(*states)))
        for each in parcels.acts_on(bag, deed, self.holders(), carrier=carrier):
            self.move(each.original_id, each.act, each.to)
        self.turned(bag, deed, carrier=carrier)

    @precondition(lambda self: self.in_state(State.SEALED))
    @rule(data=st.data(), carrier=st.sampled_from(["EMS", "SF", "messenger:zhang"]))
    def hand_over(self, data: st.DataObject, carrier: str) -> None:
        self.deed(data, Deed.HAND_OVER, (State.SEALED,), carrier=carrier)

    @precondition(lambda self: self.in_state(*parcels.UNDER_WAY))
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        self.deed(data, Deed.LOSE, tuple(parcels.UNDER_WAY))

    @precondition(lambda self: self.in_state(State.LOST))
    @rule(data=st.data())
    def find_again(self, data: st.DataObject) -> None:
        self.deed(data, Deed.FIND, (State.LOST,))

    @precondition(lambda self: self.in_state(State.HANDED_OVER, State.IN_TRANSIT, State.ARRIVED))
    @rule(data=st.data())
    def turn_back(self, data: st.DataObject) -> None:
        states = (State.HANDED_OVER, State.IN_TRANSIT, State.ARRIVED)
        self.deed(data, Deed.TURN_BACK, states)

    @precondition(lambda self: self.in_state(State.RETURNING))
    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        self.deed(data, Deed.TAKE_BACK, (State.RETURNING,))

    @precondition(lambda self: self.bags)
    @rule(data=st.data(), deed=st.sampled_from(Deed))
    def carrier_tells_something_late(self, data: st.DataObject, deed: Deed) -> None:
        bag = data.draw(st.sampled_from(list(self.bags.values())))
        before = self.holders()
        state = parcels.tracked(bag.state, deed)
        if state is not None:
            self.bags[bag.id] = replace(bag, state=state)
        assert self.holders() == before

    @precondition(lambda self: self.in_state(State.HANDED_OVER, State.IN_TRANSIT, State.ARRIVED))
    @rule(
        data=st.data(), some=st.sets(st.sampled_from(PAPERS)), hurt=st.sets(st.sampled_from(PAPERS))
    )
    def scan(self, data: st.DataObject, some: set[str], hurt: set[str]) -> None:
        states = (State.HANDED_OVER, State.IN_TRANSIT, State.ARRIVED)
        bag = data.draw(st.sampled_from(self.in_state(*states)))
        extra = data.draw(st.sets(st.sampled_from([*PAPERS, "nobody knows it"]), max_size=2))
        scan = scans.compare(bag.manifest, found=some, damaged=hurt & bag.manifest, extra=extra)
        assert set(scan.found) | set(scan.missing) == bag.manifest
        assert not set(scan.extra) & bag.manifest
        for each in scans.consequences(scan, bag, self.holders()):
            self.move(each.original_id, each.act, each.to)
        here = Holder(HolderKind.LOCATION, bag.receiver)
        assert all(self.holders()[paper] == here for paper in scan.found)
        self.open[bag.id] = list(discrepancies.of_scan(scan))
        self.turned(bag, Deed.SCAN)

    @precondition(lambda self: any(self.open.values()))
    @rule(data=st.data(), end=st.sampled_from([End.SENDER, End.RECEIVER]))
    def say(self, data: st.DataObject, end: End) -> None:
        bag = self.bags[data.draw(st.sampled_from([id_ for id_, d in self.open.items() if d]))]
        discrepancy = self.open[bag.id].pop(0)
        how = data.draw(st.sampled_from(ALLOWED[discrepancy.kind]))
        said = discrepancies.say(discrepancy, how, end=end)
        if said.settled is None:
            self.open[bag.id].append(said)
            return
        paper = said.original_id
        holder = self.holders().get(paper)
        effect = discrepancies.effect_of(said, holder) if holder else None
        if effect:
            to = {
                Side.SENDER: Holder(HolderKind.LOCATION, bag.sender),
                Side.RECEIVER: Holder(HolderKind.LOCATION, bag.receiver),
                Side.NOBODY: Holder(HolderKind.LOST, bag.id),
            }[effect.to]
            self.move(paper, effect.act, to)

    @precondition(lambda self: self.in_state(State.SCANNED))
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        bag = data.draw(st.sampled_from(self.in_state(State.SCANNED)))
        try:
            discrepancies.check_settled(self.open[bag.id])
        except discrepancies.UnsettledError:
            return
        self.turned(bag, Deed.CLOSE)

    @precondition(lambda self: self.at_places())
    @rule(data=st.data())
    def give_back_and_take_in_again(self, data: st.DataObject) -> None:
        paper = data.draw(st.sampled_from(self.at_places()))
        here = self.holders()[paper]
        self.move(paper, Act.GIVE_BACK, APPLICANT)
        self.move(paper, Act.TAKE_IN, here)

    @rule(paper=st.sampled_from(PAPERS), act=st.sampled_from(Act), place=st.sampled_from(PLACES))
    def somebody_tries_what_is_not_lawful(self, paper: str, act: Act, place: str) -> None:
        held = self.ledgers[paper][-1]
        elsewhere = Holder(HolderKind.LOCATION, f"not-{place}")
        to = Holder(HolderKind.LOCATION, place)
        with pytest.raises(custody.WrongHolderError):
            custody.move(paper, held, act, to, at=self.at, expected=elsewhere)

    @invariant()
    def every_paper_has_one_holder_and_ledger_and_holder_agree(self) -> None:
        for paper, ledger in self.ledgers.items():
            custody.check(ledger)
            assert custody.holder_of(ledger) == self.holders().get(paper)

    @invariant()
    def a_paper_in_a_bag_is_on_that_bags_manifest(self) -> None:
        for paper, holder in self.holders().items():
            if holder.kind is HolderKind.PARCEL:
                bag = self.bags[holder.id]
                assert paper in bag.manifest
                assert bag.state in (State.OPEN, State.SEALED)


TestPapers = Papers.TestCase
TestPapers.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
