"""Deferred papers, failed post, what nobody collects, and what counts as proof."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain import fallbacks, holds, pickups, proofs
from services.notify.domain.deliveries import MOVES, Method, Status, Step
from services.notify.domain.deliveries import DeliveryStepNotAllowedError as StepError
from services.notify.domain.fallbacks import Failure, Remedy
from services.notify.domain.holds import Deferral
from services.notify.domain.pickups import Chore, Due, PickupTerms
from services.notify.domain.proofs import Collector, Proof, ProofKind
from shared.errors import InvalidError
from shared.workdays.calendar import Workdays

M5 = frozenset({"M5"})


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("rule", Deferral)
def test_a_denial_is_never_held_back(method: Method, rule: Deferral) -> None:
    assert holds.opening(method, granted=False, outstanding=M5, rule=rule) is Status.PENDING


@pytest.mark.parametrize("method", Method)
def test_a_certificate_is_held_until_the_deferred_paper_comes(method: Method) -> None:
    held = holds.opening(method, granted=True, outstanding=M5, rule=Deferral.HOLD)
    assert held is Status.HELD
    assert holds.opening(method, granted=True, outstanding=(), rule=Deferral.HOLD) is Status.PENDING


def test_for_an_exchange_it_travels_to_the_counter_but_is_not_handed_over_without_the_paper() -> (
    None
):
    rule = Deferral.EXCHANGE
    at_window = holds.opening(Method.WINDOW_PICKUP, granted=True, outstanding=M5, rule=rule)
    assert at_window is Status.PENDING
    posted = holds.opening(Method.POST, granted=True, outstanding=M5, rule=rule)
    assert posted is Status.HELD
    with pytest.raises(holds.DeferredPaperOutstandingError) as refused:
        holds.ensure_may_be_handed_over(granted=True, outstanding={"M5", "M6"}, exchanged={"M6"})
    assert refused.value.facts["outstanding"] == ["M5"]
    holds.ensure_may_be_handed_over(granted=True, outstanding=M5, exchanged=M5)
    holds.ensure_may_be_handed_over(granted=False, outstanding=M5)


def test_changing_from_the_counter_to_the_post_holds_what_was_to_be_exchanged() -> None:
    changed = holds.changed(
        Method.WINDOW_PICKUP,
        Status.READY,
        to=Method.POST,
        granted=True,
        outstanding=M5,
        rule=Deferral.EXCHANGE,
    )
    assert changed is Status.HELD


def test_the_way_of_a_posted_result_cannot_be_changed() -> None:
    with pytest.raises(StepError):
        holds.changed(
            Method.POST,
            Status.ON_WAY,
            to=Method.WINDOW_PICKUP,
            granted=True,
            outstanding=(),
            rule=Deferral.HOLD,
        )


@pytest.mark.parametrize("failure", Failure)
@pytest.mark.parametrize("before", [0, 1, 2, 50])
@pytest.mark.parametrize("window_may_deliver", [True, False])
def test_every_failure_has_a_remedy_that_the_delivery_can_take(
    failure: Failure, before: int, window_may_deliver: bool
) -> None:
    found = fallbacks.fallback(failure, failed_before=before, window_may_deliver=window_may_deliver)
    status = Status.LOST if failure is Failure.LOST else Status.FAILED
    assert (status, found.step) in MOVES[Method.POST]
    if found.method is Method.WINDOW_PICKUP:
        assert window_may_deliver


def test_who_was_not_at_home_gets_one_more_try_and_then_collects() -> None:
    first = fallbacks.fallback(Failure.ABSENT, failed_before=0, window_may_deliver=True)
    second = fallbacks.fallback(Failure.ABSENT, failed_before=1, window_may_deliver=True)
    undelegated = fallbacks.fallback(Failure.ABSENT, failed_before=1, window_may_deliver=False)
    assert (first.remedy, first.method) == (Remedy.POST_AGAIN, Method.POST)
    assert (second.remedy, second.method) == (Remedy.COLLECT, Method.WINDOW_PICKUP)
    assert undelegated.method is Method.HANDLING_PICKUP


def test_what_nobody_collects_is_reminded_kept_and_returned_in_working_days() -> None:
    terms = PickupTerms(remind_after=(3, 10), keep=30, return_after=35)
    plan = pickups.pickup_plan(date(2026, 9, 28), terms, Workdays.national())
    assert plan[0] == Due(date(2026, 10, 8), Chore.REMIND, 1)  # after the national holidays
    assert [due.chore for due in plan] == [
        Chore.REMIND,
        Chore.REMIND,
        Chore.EXPIRE,
        Chore.RETURN,
    ]
    assert [pickups.next_due(plan, done) for done in range(5)] == [*plan, None]


@given(
    ready_on=st.dates(date(2024, 1, 1), date(2026, 6, 1)),
    days=st.sets(st.integers(1, 60), min_size=3, max_size=8),
)
def test_the_plan_is_in_order_of_date(ready_on: date, days: set[int]) -> None:
    *reminders, keep, back = sorted(days)
    plan = pickups.pickup_plan(
        ready_on, PickupTerms(tuple(reminders), keep, back), Workdays.national()
    )
    dates = [due.on for due in plan]
    assert dates == sorted(dates)
    assert dates[0] > ready_on
    assert dates[-1] >= ready_on + timedelta(days=back)


@pytest.mark.parametrize(
    ("reminders", "keep", "back"), [((), 5, 5), ((5,), 5, 9), ((0,), 5, 9), ((3, 2), 5, 9)]
)
def test_terms_that_do_not_grow_are_refused(
    reminders: tuple[int, ...], keep: int, back: int
) -> None:
    with pytest.raises(ValueError, match="terms must grow"):
        PickupTerms(reminders, keep, back)


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("kind", ProofKind)
def test_a_proof_must_fit_the_way_of_delivery(method: Method, kind: ProofKind) -> None:
    agent = kind is ProofKind.SIGNED_BY_AGENT
    proof = Proof(
        kind,
        collector=Collector.ATTORNEY if agent else Collector.APPLICANT,
        identity_checked=True,
        authority_seen=agent,
        reference="EA473124829CN",
    )
    if kind in proofs.PROOFS[method]:
        proofs.check_proof(method, proof)
    else:
        with pytest.raises(InvalidError) as refused:
            proofs.check_proof(method, proof)
        assert [fault.code for fault in refused.value.faults] == ["proof-kind-unfit"]


def test_everything_that_is_wrong_with_a_proof_is_said_at_once() -> None:
    with pytest.raises(InvalidError) as refused:
        proofs.check_proof(Method.POST, Proof(ProofKind.SIGNED_BY_AGENT))
    assert {fault.code for fault in refused.value.faults} == {
        "proof-kind-unfit",
        "identity-not-checked",
        "collector-unfit",
        "authority-not-seen",
    }


def test_an_applicant_who_signs_in_person_shows_who_they_are() -> None:
    with pytest.raises(InvalidError) as refused:
        proofs.check_proof(Method.WINDOW_PICKUP, Proof(ProofKind.SIGNED_IN_PERSON))
    assert [fault.code for fault in refused.value.faults] == ["identity-not-checked"]


def test_an_agents_collection_is_not_recorded_as_the_applicants() -> None:
    with pytest.raises(InvalidError) as refused:
        proofs.check_proof(
            Method.WINDOW_PICKUP,
            Proof(ProofKind.SIGNED_IN_PERSON, collector=Collector.ATTORNEY, identity_checked=True),
        )
    assert [fault.code for fault in refused.value.faults] == ["collector-unfit"]


@pytest.mark.parametrize(
    ("method", "kind"),
    [(Method.POST, ProofKind.CARRIER_RECORD), (Method.ELECTRONIC, ProofKind.LINK_OPENED)],
)
def test_a_record_without_a_reference_proves_nothing(method: Method, kind: ProofKind) -> None:
    with pytest.raises(InvalidError) as refused:
        proofs.check_proof(method, Proof(kind, reference=" "))
    assert [fault.code for fault in refused.value.faults] == ["proof-reference-missing"]


def test_the_step_of_every_remedy_is_known() -> None:
    assert {Step.REPEAT, Step.CHANGE} <= {step for _, step in MOVES[Method.POST]}
