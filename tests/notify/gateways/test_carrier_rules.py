"""The file in which an installation writes down which carrier takes what."""

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

import deploy
from services.notify.domain.carriers import CarrierUndecidedError, Content, Payer, choose
from services.notify.gateways import carrier_rules
from services.notify.gateways.carrier_rules import CarrierUnknownError

TWO = """
[[rule]]
carrier = "ems"
[[rule]]
carrier = "other"
payer = "applicant"
"""


def chosen(source: str, payer: Payer, *, content: Content = Content.COPIES) -> str:
    rules = carrier_rules.parse(source, {"ems", "other"})
    on = date(2026, 9, 7)
    return choose(rules, content=content, destination="630104", payer=payer, on=on).carrier


def test_between_several_carriers_the_more_particular_rule_chooses_by_who_pays() -> None:
    assert chosen(TWO, Payer.GOVERNMENT) == "ems"
    assert chosen(TWO, Payer.APPLICANT) == "other"


def test_two_rules_alike_leave_it_to_a_person() -> None:
    with pytest.raises(CarrierUndecidedError):
        chosen(TWO.replace('payer = "applicant"', ""), Payer.APPLICANT)


def test_the_file_that_comes_along_is_read_and_leaves_originals_to_tibet_to_a_person() -> None:
    path = Path(deploy.__file__).parent / "carriers" / "rules.toml"
    rules = carrier_rules.load(path, {"simulated"})
    on = date(2026, 9, 7)
    found = choose(
        rules,
        content=Content.ORIGINALS,
        destination="540102",
        payer=Payer.GOVERNMENT,
        on=on,
    )
    assert found.carrier == "manual"


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ('[[rule]]\ncarrier = "nobody"', CarrierUnknownError),
        ('[[rule]]\ncarrier = "ems"\npayer = "me"', ValidationError),
        ('[[rule]]\ncarrier = "ems"\ndestination = "63"', ValidationError),
        ('[[rule]]\ncarrier = "ems"\nweight = 3', ValidationError),
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused_at_the_start(
    source: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        carrier_rules.parse(source, {"ems"})
