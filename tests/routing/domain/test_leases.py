"""Never two officers on one handoff; what is forgotten comes back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.domain import leases
from services.routing.domain.handoffs import FINAL, OPEN, Status
from services.routing.domain.leases import FREE, LEASE, Work
from shared.errors import DomainError

NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_a_claim_is_a_lease_of_fifteen_minutes() -> None:
    work = leases.claim(Status.RECEIVED, FREE, "wang", at=NINE)
    assert work == Work("wang", NINE + timedelta(minutes=15))
    assert leases.held_by(work, at=NINE + LEASE - MINUTE) == "wang"
    assert leases.held_by(work, at=NINE + LEASE) is None


def test_a_second_officer_is_turned_away_until_the_lease_runs_out() -> None:
    work = leases.claim(Status.RECEIVED, FREE, "wang", at=NINE)
    with pytest.raises(leases.HeldByAnotherError) as refusal:
        leases.claim(Status.RECEIVED, work, "li", at=NINE + MINUTE)
    assert "wang" not in refusal.value.message_zh
    assert leases.claim(Status.RECEIVED, work, "li", at=NINE + LEASE).holder == "li"


def test_claiming_again_what_one_holds_renews_it() -> None:
    work = leases.claim(Status.RECEIVED, FREE, "wang", at=NINE)
    again = leases.claim(Status.RECEIVED, work, "wang", at=NINE + MINUTE)
    assert again.lease_until == NINE + MINUTE + LEASE


def test_the_first_legal_act_makes_it_lasting() -> None:
    work = leases.claim(Status.RECEIVED, FREE, "wang", at=NINE)
    bound = leases.act(work, "wang", at=NINE + MINUTE)
    next_week = NINE + timedelta(days=7)
    assert leases.held_by(bound, at=next_week) == "wang"
    assert not leases.claimable(Status.NOTICED, bound, at=next_week)
    assert leases.renew(bound, "wang", at=next_week) == bound


def test_an_act_needs_a_claim() -> None:
    with pytest.raises(leases.NotClaimedError):
        leases.act(FREE, "wang", at=NINE)
    lapsed = leases.claim(Status.RECEIVED, FREE, "wang", at=NINE)
    with pytest.raises(leases.NotClaimedError):
        leases.act(lapsed, "wang", at=NINE + LEASE)


def test_release_and_reassignment() -> None:
    work = leases.act(leases.claim(Status.RECEIVED, FREE, "wang", at=NINE), "wang", at=NINE)
    assert leases.release(work, "wang", at=NINE) == FREE
    with pytest.raises(leases.HeldByAnotherError):
        leases.release(work, "li", at=NINE)
    assert leases.reassign(Status.ACCEPTED, "li") == Work("li", None, bound=True)


@pytest.mark.parametrize("status", list(Status))
def test_only_what_is_open_is_anybodys_work(status: Status) -> None:
    assert leases.claimable(status, FREE, at=NINE) == (status in OPEN)
    if status in FINAL:
        with pytest.raises(leases.NothingToClaimError):
            leases.claim(status, FREE, "wang", at=NINE)
        with pytest.raises(leases.NothingToClaimError):
            leases.reassign(status, "li")


def test_a_lapsed_lease_frees_the_handoff_once() -> None:
    work = leases.claim(Status.RECEIVED, FREE, "wang", at=NINE)
    assert leases.lapse(work, at=NINE) == work
    assert leases.lapsed(work, at=NINE + LEASE)
    freed = leases.lapse(work, at=NINE + LEASE)
    assert freed == FREE
    assert not leases.lapsed(freed, at=NINE + LEASE)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["claim", "renew", "act", "release"]),
            st.sampled_from(["wang", "li", "zhao"]),
            st.integers(0, 20),
        ),
        max_size=30,
    )
)
def test_whoever_holds_it_is_never_pushed_out(deeds: list[tuple[str, str, int]]) -> None:
    work, at = FREE, NINE
    for deed, who, minutes in deeds:
        at += timedelta(minutes=minutes)
        holder = leases.held_by(work, at=at)
        try:
            if deed == "claim":
                work = leases.claim(Status.RECEIVED, work, who, at=at)
            else:
                work = getattr(leases, deed)(work, who, at=at)
        except DomainError:
            assert leases.held_by(work, at=at) == holder
            continue
        assert holder in (None, who)
