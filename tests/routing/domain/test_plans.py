"""Which handoffs a case needs, for one place and for several."""

from dataclasses import replace
from datetime import date

from services.routing.domain.competence import Unroutable
from services.routing.domain.plans import PlannedHandoff, plan, single_step, steps_of
from services.routing.domain.questions import ItemBasis, Question
from services.routing.domain.registry import Location, Registry, Rule
from services.routing.domain.terms import Limit
from services.routing.domain.territories import Why
from services.routing.domain.words import LocationKind, Mode
from shared.divisions.divisions import Level

SINCE = date(2024, 1, 1)
REGISTRY = Registry.of(
    locations=[
        Location("W", "收件窗口", "630100", LocationKind.CENTRE, SINCE),
        Location("XN", "城西分局", "630104", LocationKind.OFFICE, SINCE),
        Location("LZ", "城关分局", "620102", LocationKind.OFFICE, SINCE),
        Location("LZ-SHI", "兰州市局", "620100", LocationKind.OFFICE, SINCE),
    ],
    rules=[
        Rule("R-XN", "630104", SINCE, location="XN"),
        Rule("R-LZ", "620102", SINCE, location="LZ", level=Level.COUNTY),
        Rule("R-LZ-SHI", "620100", SINCE, location="LZ-SHI", level=Level.PREFECTURE),
    ],
)
MOVE = [
    {"step": "settle", "role": "move_in", "stage": 3, "lead": True, "accepts": False,
     "decides": True, "limit": {"value": 5, "unit": "working_day"}},
    {"step": "move_out", "role": "move_out", "stage": 2, "lead": False, "accepts": False,
     "decides": False, "limit": {"value": 5, "unit": "working_day"}},
    {"step": "permit", "name": "审核准迁", "role": "move_in", "stage": 1, "lead": True,
     "accepts": True, "decides": False, "limit": None},
]  # fmt: skip
ITEM = ItemBasis("GA-001", 1, "户口迁移", Level.COUNTY, ("move_in",))


def ask(mode: Mode = Mode.JOINT_HANDLING, **basis: str) -> Question:
    return Question(ITEM, mode, "W", basis, date(2026, 3, 2))


def test_each_step_goes_to_the_place_of_its_role_in_stage_order() -> None:
    found = plan(ask(move_in="630104", move_out="620102"), steps_of(MOVE), REGISTRY)
    assert not isinstance(found, Unroutable)
    assert [(each.step.step, each.step.stage, each.location.code) for each in found] == [
        ("permit", 1, "XN"),
        ("move_out", 2, "LZ"),
        ("settle", 3, "XN"),
    ]
    assert [each.step.limit for each in found] == [None, Limit(5), Limit(5)]
    assert "迁出地620102" in found[1].why.sentence


def test_a_step_may_be_decided_at_another_level() -> None:
    raised = [{**each, "level": "3"} if each["step"] == "move_out" else each for each in MOVE]
    found = plan(ask(move_in="630104", move_out="620102"), steps_of(raised), REGISTRY)
    assert not isinstance(found, Unroutable)
    assert found[1].location.code == "LZ-SHI"


def test_all_steps_or_none_with_every_reason_at_once() -> None:
    found = plan(ask(move_out="999999"), steps_of(MOVE), REGISTRY)
    assert isinstance(found, Unroutable)
    assert [reason.why for reason in found.reasons] == [Why.BASIS_MISSING, Why.DIVISION_UNKNOWN]


def test_one_place_where_one_place_handles() -> None:
    steps = steps_of([{"step": "handle", "role": "move_in"}])
    for mode in (Mode.FULL_ONLINE, Mode.REMOTE_COLLECTION):
        found = plan(ask(mode, move_in="630104"), steps, REGISTRY)
        assert not isinstance(found, Unroutable)
        (only,) = found
        assert (only.step.lead, only.step.accepts, only.step.decides) == (True, True, True)
        by_default = plan(ask(mode, move_in="630104"), (), REGISTRY)
        assert not isinstance(by_default, Unroutable)
        assert isinstance(by_default[0], PlannedHandoff)
        assert by_default[0].step == single_step()[0]


def test_joint_handling_without_a_plan_is_not_guessed() -> None:
    found = plan(ask(move_in="630104"), (), REGISTRY)
    assert isinstance(found, Unroutable)
    assert found.reasons[0].why is Why.NO_STEPS


def test_the_chosen_place_takes_the_step_that_leaves_it_open() -> None:
    either = replace(ITEM, kinds=("household_registration", "usual_residence"))
    steps = steps_of([{"step": "handle", "role": "chosen_basis"}])
    question = replace(
        ask(Mode.FULL_ONLINE, household_registration="620102", usual_residence="630104"),
        item=either,
    )
    unclear = plan(question, steps, REGISTRY)
    assert isinstance(unclear, Unroutable)
    assert unclear.reasons[0].why is Why.CHOICE_NEEDED
    chosen = plan(replace(question, chosen="usual_residence"), steps, REGISTRY)
    assert not isinstance(chosen, Unroutable)
    assert chosen[0].location.code == "XN"
