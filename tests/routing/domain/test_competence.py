"""Situations, each with the place that must take the matter and the reason; read line by line."""

from dataclasses import dataclass, field, replace
from datetime import date

import pytest

from services.routing.domain.competence import Competent, Unroutable, decide
from services.routing.domain.questions import ItemBasis, Question, item_basis
from services.routing.domain.registry import Agreement, Location, Registry, Rule
from services.routing.domain.territories import Why
from services.routing.domain.words import LocationKind, Mode, Power
from shared.divisions.divisions import Division, Level

TODAY = date(2026, 3, 2)
OLD = date(2020, 1, 1)
LAST_YEAR = date(2025, 12, 31)

VILLAGE, TOWN, COUNTY, PREFECTURE, PROVINCE = (
    "630104001002",
    "630104001",
    "630104",
    "630100",
    "630000",
)


def place(
    code: str, division: str, kind: LocationKind = LocationKind.OFFICE, **more: object
) -> Location:
    made = Location(code, f"<{code}>", division, kind, OLD)
    return replace(made, **more)  # type: ignore[arg-type]  # the fields are named by each case


PLACES = (
    # windows that receive
    place("W-XINING", "630100", LocationKind.CENTRE),
    place("W-LANZHOU", "620100", LocationKind.CENTRE),
    place("W-CHENGDU", "510100", LocationKind.CENTRE),
    place("W-STATION", "620102001", LocationKind.STATION),
    place("W-POST", "620102", LocationKind.AGENT),
    place("W-CLOSED", "620102", LocationKind.CENTRE, valid_to=LAST_YEAR),
    # one chain, from village to nation
    place("H-VILLAGE", VILLAGE, LocationKind.STATION),
    place("H-TOWN", TOWN, LocationKind.STATION),
    place("H-COUNTY", COUNTY),
    place("H-PREFECTURE", PREFECTURE),
    place("H-PROVINCE", PROVINCE),
    place("H-NATION", ""),
    # others
    place("H-COUNTY-2", COUNTY),
    place("H-COUNTY-3", COUNTY),
    place("H-SPECIAL", PREFECTURE),
    place("H-HUANGZHONG", "630106"),
    place("H-ENDED", COUNTY, valid_to=LAST_YEAR),
    place("H-FUTURE", COUNTY, valid_from=date(2027, 1, 1)),
    place("H-POST", COUNTY, LocationKind.AGENT),
    place("C-COUNTY", COUNTY, LocationKind.CENTRE, departments=frozenset({"公安部"})),
    place("C-630103-A", "630103", LocationKind.CENTRE),
    place("C-630103-B", "630103", LocationKind.CENTRE),
    place("C-JIAYUGUAN", "620200", LocationKind.CENTRE),
    place("H-LOCAL", "L-XINGQU"),
)

LOCAL = {
    "L-XINGQU": Division("L-XINGQU", "新区管委会", Level.COUNTY, "630100"),
    "L-SPLIT": Division(
        "L-SPLIT", "旧区", Level.COUNTY, "630100", None, LAST_YEAR, ("630104", "630106")
    ),
    "L-MERGED": Division(
        "L-MERGED", "并入区", Level.COUNTY, "630100", None, LAST_YEAR, ("L-LATER",)
    ),
    "L-LATER": Division(
        "L-LATER", "再并入区", Level.COUNTY, "630100", None, LAST_YEAR, ("630104",)
    ),
    "L-GONE": Division("L-GONE", "撤销区", Level.COUNTY, "630100", None, LAST_YEAR),
}


def rule(id_: str, division: str, location: str | None = None, **more: object) -> Rule:
    made = Rule(id_, division, OLD, location=location)
    return replace(made, **more)  # type: ignore[arg-type]  # as above


R_VILLAGE = rule("R-VILLAGE", VILLAGE, "H-VILLAGE")
R_TOWN = rule("R-TOWN", TOWN, "H-TOWN")
R_COUNTY = rule("R-COUNTY", COUNTY, "H-COUNTY")
R_PREFECTURE = rule("R-PREFECTURE", PREFECTURE, "H-PREFECTURE")
R_PROVINCE = rule("R-PROVINCE", PROVINCE, "H-PROVINCE")
R_NATION = rule("R-NATION", "", "H-NATION")
CHAIN = (R_VILLAGE, R_TOWN, R_COUNTY, R_PREFECTURE, R_PROVINCE, R_NATION)
R_CENTRES = rule("R-CENTRES", "", kind=LocationKind.CENTRE)

LANXI = Agreement(
    "A-LANXI",
    frozenset({"620100", "630100"}),
    OLD,
    items=frozenset({"X-1"}),
    powers=frozenset({Power.ACCEPT, Power.VERIFY}),
    version=3,
)
R_LANXI = rule("R-LANXI", COUNTY, "H-SPECIAL", agreement="A-LANXI")

ITEM = ItemBasis("X-1", 7, "某事项", Level.COUNTY, ("household_registration",), "公安部")
EITHER = replace(ITEM, kinds=("household_registration", "usual_residence"))
FIXED = replace(ITEM, kinds=("fixed",))


def at(level: Level) -> ItemBasis:
    return replace(ITEM, level=level)


@dataclass(frozen=True)
class Case:
    say: str
    rules: tuple[Rule, ...]
    goes: str | Why
    says: tuple[str, ...] = ()
    item: ItemBasis = ITEM
    basis: str | dict[str, str] = COUNTY
    receiving: str = "W-LANZHOU"
    on: date = TODAY
    chosen: str | None = None
    successors: dict[str, str] = field(default_factory=dict)
    mode: Mode = Mode.REMOTE_COLLECTION
    agreements: tuple[Agreement, ...] = (LANXI,)


CASES = (
    # the most specific division first
    Case("a village matter of a village", CHAIN, "H-VILLAGE", ("R-VILLAGE第1版", "村级"),
         at(Level.VILLAGE), VILLAGE),
    Case("a town matter of a village goes up to its town", CHAIN, "H-TOWN",
         ("R-TOWN", "乡镇级", "上至青海省西宁市城西区西关大街街道"), at(Level.TOWN), VILLAGE),
    Case("a county matter of a village goes up to its county", CHAIN, "H-COUNTY",
         ("R-COUNTY", "县级", "上至青海省西宁市城西区"), at(Level.COUNTY), VILLAGE),
    Case("a prefecture matter of a village goes up to its prefecture", CHAIN, "H-PREFECTURE",
         ("R-PREFECTURE", "上至青海省西宁市，"), at(Level.PREFECTURE), VILLAGE),
    Case("a province matter of a village goes up to its province", CHAIN, "H-PROVINCE",
         ("R-PROVINCE", "上至青海省，"), at(Level.PROVINCE), VILLAGE),
    Case("a national matter of a village goes up to the nation", CHAIN, "H-NATION",
         ("R-NATION", "国家级"), at(Level.NATION), VILLAGE),
    Case("a county matter of a town", CHAIN, "H-COUNTY", ("R-COUNTY",), at(Level.COUNTY), TOWN),
    Case("a county matter of its county", CHAIN, "H-COUNTY", ("630104青海省西宁市城西区，按",)),
    Case("a prefecture matter of a county", CHAIN, "H-PREFECTURE", ("R-PREFECTURE",),
         at(Level.PREFECTURE)),
    Case("a town matter of a county: nobody knows which town, the county's own rule speaks",
         CHAIN, "H-COUNTY", ("R-COUNTY",), at(Level.TOWN)),
    Case("no county rule: the prefecture's speaks", (R_PREFECTURE, R_PROVINCE), "H-PREFECTURE",
         ("R-PREFECTURE", "630104青海省西宁市城西区")),
    Case("no rule below the province", (R_PROVINCE, R_NATION), "H-PROVINCE", ("R-PROVINCE",)),
    Case("only a national rule", (R_NATION,), "H-NATION", ("R-NATION",)),
    Case("a town's rule never decides a county matter", (R_TOWN, R_NATION), "H-NATION",
         ("R-NATION",), basis=TOWN),
    Case("a neighbour county's rule is not asked", (rule("R-1", "630103", "H-COUNTY-2"),),
         Why.NOTHING_FOUND, ("630104青海省西宁市城西区", "630100", "全国")),
    Case("zeros that pad a code change nothing", CHAIN, "H-COUNTY", ("630104000000",),
         basis="630104000000"),
    Case("a rule for province matters does not take a county matter",
         (replace(R_PROVINCE, level=Level.PROVINCE),), Why.NOTHING_FOUND, ("县级",)),
    Case("a rule for county matters does", (replace(R_COUNTY, level=Level.COUNTY),), "H-COUNTY",
         ("R-COUNTY",)),
    # what a rule names
    Case("naming the item beats naming the department",
         (rule("R-ITEM", COUNTY, "H-COUNTY-2", item_code="X-1"),
          rule("R-DEPT", COUNTY, "H-COUNTY", department="公安部")), "H-COUNTY-2", ("R-ITEM",)),
    Case("naming the department beats naming nothing",
         (R_COUNTY, rule("R-DEPT", COUNTY, "H-COUNTY-2", department="公安部")), "H-COUNTY-2",
         ("R-DEPT",)),
    Case("naming the basis beats not naming it",
         (R_COUNTY, rule("R-B", COUNTY, "H-COUNTY-2", basis="household_registration")),
         "H-COUNTY-2", ("R-B",)),
    Case("naming the mode beats not naming it",
         (R_COUNTY, rule("R-M", COUNTY, "H-COUNTY-2", mode=Mode.REMOTE_COLLECTION)),
         "H-COUNTY-2", ("R-M",)),
    Case("a rule for another mode is not asked",
         (R_COUNTY, rule("R-M", COUNTY, "H-COUNTY-2", mode=Mode.FULL_ONLINE)), "H-COUNTY",
         ("R-COUNTY",)),
    Case("a rule for another basis is not asked",
         (rule("R-B", COUNTY, "H-COUNTY-2", basis="place_insured"),), Why.NOTHING_FOUND,
         ("户籍地",)),
    Case("another department's rule is not asked",
         (rule("R-DEPT", COUNTY, "H-COUNTY", department="国家医保局"),), Why.NOTHING_FOUND,
         ("部门公安部",)),
    Case("a division's general rule beats a named rule of the division above",
         (R_COUNTY, rule("R-UP", PREFECTURE, "H-SPECIAL", item_code="X-1")), "H-COUNTY",
         ("R-COUNTY",)),
    # dates and versions
    Case("the newest version in force", (R_COUNTY, replace(R_COUNTY, version=2,
         location="H-COUNTY-2", valid_from=date(2026, 1, 1))), "H-COUNTY-2", ("R-COUNTY第2版",)),
    Case("a version to come does not count yet", (R_COUNTY, replace(R_COUNTY, version=2,
         location="H-COUNTY-2", valid_from=date(2026, 4, 1))), "H-COUNTY", ("R-COUNTY第1版",)),
    Case("on its first day a version counts", (R_COUNTY, replace(R_COUNTY, version=2,
         location="H-COUNTY-2", valid_from=TODAY)), "H-COUNTY-2", ("第2版",)),
    Case("on its last day a rule still counts", (replace(R_COUNTY, valid_to=TODAY), R_NATION),
         "H-COUNTY", ("R-COUNTY",)),
    Case("an ended rule leaves the word to the one above",
         (replace(R_COUNTY, valid_to=LAST_YEAR), R_NATION), "H-NATION", ("R-NATION",)),
    Case("a case of last year is routed by last year's rule",
         (replace(R_COUNTY, valid_to=LAST_YEAR), R_NATION), "H-COUNTY", ("R-COUNTY",),
         on=LAST_YEAR),
    # agreements
    Case("an agreement beats the rule of the same division", (R_COUNTY, R_LANXI), "H-SPECIAL",
         ("协议A-LANXI第3版及规则R-LANXI第1版",)),
    Case("an agreement beats the national rule", (R_NATION, R_LANXI), "H-SPECIAL", ("A-LANXI",)),
    Case("even one that names the item",
         (rule("R-ITEM", COUNTY, "H-COUNTY-2", item_code="X-1"), R_LANXI), "H-SPECIAL",
         ("A-LANXI",)),
    Case("a county's own rule stands before an agreement of its prefecture",
         (R_COUNTY, replace(R_LANXI, division=PREFECTURE)), "H-COUNTY", ("R-COUNTY",)),
    Case("the prefecture's agreement beats the prefecture's rule",
         (R_PREFECTURE, replace(R_LANXI, division=PREFECTURE)), "H-SPECIAL", ("A-LANXI",)),
    Case("received by no party: the agreement is silent", (R_COUNTY, R_LANXI), "H-COUNTY",
         ("R-COUNTY",), receiving="W-CHENGDU"),
    Case("received inside the same party: nothing was agreed", (R_COUNTY, R_LANXI), "H-COUNTY",
         ("R-COUNTY",), receiving="W-XINING"),
    Case("received at a station below a party", (R_COUNTY, R_LANXI), "H-SPECIAL", ("A-LANXI",),
         receiving="W-STATION"),
    Case("an item the agreement does not list", (R_COUNTY, R_LANXI), "H-COUNTY", ("R-COUNTY",),
         item=replace(ITEM, code="X-2")),
    Case("an agreement that lists no items covers all", (R_COUNTY, R_LANXI), "H-SPECIAL",
         ("A-LANXI",), item=replace(ITEM, code="X-2"),
         agreements=(replace(LANXI, items=frozenset()),)),
    Case("an ended agreement", (R_COUNTY, R_LANXI), "H-COUNTY", ("R-COUNTY",),
         agreements=(replace(LANXI, valid_to=LAST_YEAR),)),
    Case("an agreement to come", (R_COUNTY, R_LANXI), "H-COUNTY", ("R-COUNTY",),
         agreements=(replace(LANXI, valid_from=date(2026, 4, 1)),)),
    Case("a rule that names an agreement nobody knows", (R_COUNTY, R_LANXI), "H-COUNTY",
         ("R-COUNTY",), agreements=()),
    Case("an agreement's rule for one receiving place only",
         (R_COUNTY, replace(R_LANXI, received_in="W-STATION")), "H-COUNTY", ("R-COUNTY",)),
    Case("and there it holds", (R_COUNTY, replace(R_LANXI, received_in="W-STATION")),
         "H-SPECIAL", ("A-LANXI",), receiving="W-STATION"),
    Case("between two single locations", (R_COUNTY, R_LANXI), "H-SPECIAL", ("A-LANXI",),
         agreements=(replace(LANXI, parties=frozenset({"W-LANZHOU", "H-SPECIAL"})),)),
    Case("two agreements for two places",
         (R_LANXI, rule("R-OTHER", COUNTY, "H-COUNTY-2", agreement="A-OTHER")), Why.AMBIGUOUS,
         ("<H-SPECIAL>（H-SPECIAL，规则R-LANXI第1版）", "<H-COUNTY-2>"),
         agreements=(LANXI, replace(LANXI, id="A-OTHER"))),
    # divisions that are no more
    Case("a retired county leads to its successor", (rule("R-HZ", "630106", "H-HUANGZHONG"),),
         "H-HUANGZHONG", ("630122青海省西宁市湟中县（已撤销，承继者630106青海省西宁市湟中区）",),
         basis="630122"),
    Case("a town of a retired county leads to the county's successor",
         (rule("R-HZ", "630106", "H-HUANGZHONG"),), "H-HUANGZHONG", ("承继者630106",),
         basis="630122100"),
    Case("while it was still valid its own rule spoke",
         (rule("R-OLD", "630122", "H-COUNTY-2"),), "H-COUNTY-2", ("R-OLD",), basis="630122",
         on=date(2023, 6, 30)),
    Case("merged twice", (R_COUNTY,), "H-COUNTY", ("承继者630104",), basis="L-MERGED"),
    Case("split in two, none chosen", (R_COUNTY,), Why.SUCCESSOR_NEEDED,
         ("630104青海省西宁市城西区", "630106青海省西宁市湟中区"), basis="L-SPLIT"),
    Case("split in two, one chosen", (R_COUNTY,), "H-COUNTY", ("承继者630104",),
         basis="L-SPLIT", successors={"L-SPLIT": "630104"}),
    Case("split in two, something else chosen", (R_COUNTY,), Why.SUCCESSOR_NEEDED, ("L-SPLIT",),
         basis="L-SPLIT", successors={"L-SPLIT": "620102"}),
    Case("retired, and nobody knows what came after", CHAIN, Why.DIVISION_RETIRED, ("L-GONE",),
         basis="L-GONE"),
    Case("a code that never was", CHAIN, Why.DIVISION_UNKNOWN, ("639999",), basis="639999"),
    Case("something that is no code", CHAIN, Why.DIVISION_UNKNOWN, ("西宁",), basis="西宁"),
    Case("a local division has rules of its own", (rule("R-L", "L-XINGQU", "H-LOCAL"), *CHAIN),
         "H-LOCAL", ("R-L", "新区管委会"), basis="L-XINGQU"),
    Case("and lies in its prefecture", (R_PREFECTURE,), "H-PREFECTURE", ("R-PREFECTURE",),
         basis="L-XINGQU"),
    # the applicant's choice
    Case("two places offered, both known, none chosen", CHAIN, Why.CHOICE_NEEDED,
         ("户籍地、经常居住地",), EITHER,
         {"household_registration": COUNTY, "usual_residence": "620102"}),
    Case("the household's place chosen", CHAIN, "H-COUNTY", ("申请人选择的户籍地630104",), EITHER,
         {"household_registration": COUNTY, "usual_residence": "620102"},
         chosen="household_registration"),
    Case("the place of residence chosen", (*CHAIN, rule("R-1", "630106", "H-HUANGZHONG")),
         "H-HUANGZHONG", ("申请人选择的经常居住地630106",), EITHER,
         {"household_registration": COUNTY, "usual_residence": "630106"},
         chosen="usual_residence"),
    Case("naming only one is choosing it", CHAIN, "H-COUNTY", ("经常居住地630104",), EITHER,
         {"usual_residence": COUNTY}),
    Case("chosen, but its division is missing", CHAIN, Why.BASIS_MISSING, ("经常居住地",), EITHER,
         {"household_registration": COUNTY}, chosen="usual_residence"),
    Case("chosen what the law does not offer", CHAIN, Why.BASIS_UNKNOWN, ("place_insured",),
         EITHER, {"household_registration": COUNTY}, chosen="place_insured"),
    Case("nothing given", CHAIN, Why.BASIS_MISSING, ("户籍地",), basis={}),
    Case("another basis given than the item's", CHAIN, Why.BASIS_MISSING, ("户籍地",),
         basis={"place_insured": COUNTY}),
    # two equally good
    Case("two rules alike for two places", (R_COUNTY, rule("R-TWO", COUNTY, "H-COUNTY-2")),
         Why.AMBIGUOUS, ("<H-COUNTY>", "R-COUNTY第1版", "<H-COUNTY-2>", "R-TWO第1版")),
    Case("two rules alike for one place", (R_COUNTY, rule("R-TWO", COUNTY, "H-COUNTY")),
         "H-COUNTY", ("R-",)),
    Case("two rules alike above do not matter when one speaks below",
         (R_COUNTY, R_PREFECTURE, rule("R-TWO", PREFECTURE, "H-SPECIAL")), "H-COUNTY",
         ("R-COUNTY",)),
    # one national rule for every county
    Case("the centre of the deciding county", (R_CENTRES,), "C-COUNTY", ("R-CENTRES",),
         basis=VILLAGE),
    Case("a centre without that department's counter", (R_CENTRES,), Why.NO_LOCATION_OF_KIND,
         ("R-CENTRES第1版", "政务服务中心"), item=replace(ITEM, department="国家医保局")),
    Case("a county without a centre", (R_CENTRES,), Why.NO_LOCATION_OF_KIND,
         ("青海省西宁市湟中区",), basis="630106"),
    Case("two centres in one county", (R_CENTRES,), Why.AMBIGUOUS, ("C-630103-A", "C-630103-B"),
         basis="630103"),
    Case("a county matter with only a prefecture named", (R_CENTRES,), Why.TOO_COARSE,
         ("青海省西宁市", "县级"), basis="630100"),
    Case("a prefecture without counties, by a rule of its own",
         (replace(R_CENTRES, id="R-JYG", division="620200"),), "C-JIAYUGUAN", ("R-JYG",),
         basis="620200"),
    Case("an agreement beats it", (R_CENTRES, R_LANXI), "H-SPECIAL", ("A-LANXI",)),
    # places that cannot take it
    Case("a rule to a closed place stops the search",
         (rule("R-1", COUNTY, "H-ENDED"), R_NATION), Why.LOCATION_CLOSED,
         ("规则R-1第1版→<H-ENDED>（H-ENDED）",)),
    Case("a rule to a place not yet open", (rule("R-1", COUNTY, "H-FUTURE"),),
         Why.LOCATION_CLOSED, ("H-FUTURE",)),
    Case("a rule to a place nobody knows", (rule("R-1", COUNTY, "H-NOWHERE"),),
         Why.LOCATION_CLOSED, ("H-NOWHERE",)),
    Case("a postal agent never decides", (rule("R-1", COUNTY, "H-POST"),),
         Why.LOCATION_CANNOT_DECIDE, ("<H-POST>",)),
    Case("a receiving place nobody knows", CHAIN, Why.RECEIVING_UNKNOWN, ("W-NOWHERE",),
         receiving="W-NOWHERE"),
    Case("a receiving place that has closed", CHAIN, Why.RECEIVING_UNKNOWN, ("W-CLOSED",),
         receiving="W-CLOSED"),
    # a fixed place
    Case("one place for the whole country", (R_NATION, R_COUNTY), "H-NATION", ("R-NATION",),
         FIXED, {}),
    Case("a fixed place in a division", CHAIN, "H-COUNTY", ("固定办理地630104",), FIXED,
         {"fixed": COUNTY}),
    Case("a fixed place without a national rule", (R_COUNTY,), Why.NOTHING_FOUND,
         ("查过：全国",), FIXED, {}),
    # nothing at all
    Case("no rules", (), Why.NOTHING_FOUND, ("事项X-1", "部门公安部", "异地代收代办", "户籍地",
         "县级", "查过：630104青海省西宁市城西区、630100青海省西宁市、630000青海省、全国")),
)  # fmt: skip


def question(case: Case) -> Question:
    basis = case.basis if isinstance(case.basis, dict) else {"household_registration": case.basis}
    return Question(
        case.item,
        case.mode,
        case.receiving,
        basis,
        case.on,
        chosen=case.chosen,
        successors=case.successors,
    )


def registry(case: Case) -> Registry:
    return Registry.of(locations=PLACES, rules=case.rules, agreements=case.agreements, local=LOCAL)


def test_there_are_enough_situations() -> None:
    assert len(CASES) >= 60
    assert len({case.say for case in CASES}) == len(CASES)
    assert {case.goes for case in CASES if isinstance(case.goes, Why)} == set(Why) - {Why.NO_STEPS}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.say)
def test_where_it_goes_and_why(case: Case) -> None:
    answer = decide(question(case), registry(case))
    if isinstance(case.goes, Why):
        assert isinstance(answer, Unroutable), answer
        assert case.goes in [reason.why for reason in answer.reasons]
        said = "".join(reason.message_zh for reason in answer.reasons)
    else:
        assert isinstance(answer, Competent), answer
        assert answer.location.code == case.goes
        said = answer.why.sentence
    for fragment in case.says:
        assert fragment in said


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.say)
def test_the_answer_does_not_depend_on_the_order_of_the_data(case: Case) -> None:
    turned = Registry.of(
        locations=tuple(reversed(PLACES)),
        rules=tuple(reversed(case.rules)),
        agreements=tuple(reversed(case.agreements)),
        local=LOCAL,
    )
    assert decide(question(case), turned) == decide(question(case), registry(case))


def test_the_grounds_name_everything_the_answer_rests_on() -> None:
    case = next(case for case in CASES if case.say.startswith("an agreement beats the rule"))
    answer = decide(question(case), registry(case))
    assert isinstance(answer, Competent)
    why = answer.why
    assert (why.item.id, why.item.version) == ("X-1", 7)
    assert (why.rule.id, why.rule.version) == ("R-LANXI", 1)
    assert why.agreement is not None
    assert (why.agreement.id, why.agreement.version) == ("A-LANXI", 3)
    assert [stop.code for stop in why.path] == [COUNTY, PREFECTURE, PROVINCE, ""]
    assert (why.basis, why.asked, why.level) == ("household_registration", COUNTY, Level.COUNTY)
    assert why.sentence == (
        "“某事项”（X-1第7版）由县级办理，依户籍地630104青海省西宁市城西区，"
        "按协议A-LANXI第3版及规则R-LANXI第1版，由<H-SPECIAL>办理。"
    )


@pytest.mark.parametrize(
    ("receiving", "allows", "kinds", "powers"),
    [
        ("W-LANZHOU", True, {LocationKind.CENTRE}, {Power.ACCEPT, Power.VERIFY}),
        ("W-LANZHOU", False, {LocationKind.CENTRE}, {Power.VERIFY}),
        ("W-STATION", True, {LocationKind.CENTRE}, set()),
        ("W-STATION", True, {LocationKind.STATION}, {Power.ACCEPT, Power.VERIFY}),
        ("W-POST", True, {LocationKind.AGENT}, set()),
        ("W-XINING", True, {LocationKind.CENTRE}, set()),
        ("W-CHENGDU", True, {LocationKind.CENTRE}, set()),
    ],
)
def test_powers_are_delegated_by_agreement_to_organs(
    receiving: str, allows: bool, kinds: set[LocationKind], powers: set[Power]
) -> None:
    case = Case(
        "powers",
        (R_COUNTY,),
        "H-COUNTY",
        item=replace(ITEM, accepts_at_window=allows),
        receiving=receiving,
        agreements=(replace(LANXI, delegates_to=frozenset(kinds)),),
    )
    answer = decide(question(case), registry(case))
    assert isinstance(answer, Competent)
    assert answer.powers == powers


def test_an_item_as_the_catalogue_carries_it() -> None:
    item = {
        "code": "RS-002",
        "version": 1,
        "name": "失业登记",
        "level": "4",
        "basis": "household_registration",
        "choice": ["household_registration", "usual_residence"],
        "department": "人力资源社会保障部",
        "acceptance_authority": "receiving",
    }
    found = item_basis(item)
    assert found.kinds == ("household_registration", "usual_residence")
    assert (found.level, found.accepts_at_window) == (Level.COUNTY, True)
    assert item_basis({**item, "choice": []}).kinds == ("household_registration",)
