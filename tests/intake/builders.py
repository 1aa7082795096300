"""Submissions that a window would really send, with changes where a test wants them."""

import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from services.intake.domain.items import ItemVersion
from services.intake.domain.words import Basis, Custody, Kind, MaterialForm, Mode
from shared.identity import certificates, checks

ON = date(2026, 3, 2)
CATALOGUE = Path(__file__).parents[2] / "deploy" / "catalogue.json"


@cache
def catalogue_file() -> str:
    return CATALOGUE.read_text(encoding="utf-8")


def catalogue() -> dict[str, Any]:
    """A fresh copy of the demo catalogue, to be spoilt at will."""
    content: dict[str, Any] = json.loads(catalogue_file())
    return content


@cache
def items() -> Mapping[str, ItemVersion]:
    return {item["code"]: ItemVersion.model_validate(item) for item in catalogue()["items"]}


@cache
def _item_file(code: str) -> str:
    return next(json.dumps(item) for item in catalogue()["items"] if item["code"] == code)


def item_file(code: str = "CL-001") -> dict[str, Any]:
    """One item as the file has it, a fresh copy."""
    content: dict[str, Any] = json.loads(_item_file(code))
    return content


def make_item(code: str = "CL-001", **changes: object) -> ItemVersion:
    return ItemVersion.model_validate({**item_file(code), **changes})


def resident_number(region: str = "630104", born: str = "19900307", order: str = "001") -> str:
    body = f"{region}{born}{order}"
    return body + checks.by_mod_11_2(body)


def credit_code(body: str = "91630104MA7ABCDE2") -> str:
    return body + checks.by_mod_31(body)


CERTIFICATE_TYPE = credit_code() + "001"


def certificate_number(serial: str = "20260001") -> str:
    return certificates.compose(CERTIFICATE_TYPE, credit_code("116300009000000XA"), serial, "001")


def make_person(**changes: object) -> dict[str, Any]:
    return {
        "kind": "person",
        "name": "张䶮",
        "id_type": "resident_id",
        "id_number": resident_number(),
        "phone": "13800000001",
        **changes,
    }


def make_child(born: str = "20150601", **changes: object) -> dict[str, Any]:
    child = {"name": "李小", "id_number": resident_number(born=born), "phone": None}
    return make_person(**{**child, **changes})


def make_organisation(**changes: object) -> dict[str, Any]:
    return {
        "kind": "organisation",
        "name": "兰州示例商贸有限公司",
        "id_type": "uscc",
        "id_number": credit_code(),
        "phone": "0931-8000001",
        **changes,
    }


def make_representative(capacity: str = "attorney", **changes: object) -> dict[str, Any]:
    return {
        **make_person(
            name="王·玉", id_number=resident_number(born="19850102"), phone="13900000002"
        ),
        "capacity": capacity,
        **changes,
    }


def make_delivery(method: str = "post", **changes: object) -> dict[str, Any]:
    posted = {
        "recipient": "张䶮",
        "phone": "13800000001",
        "address": "青海省西宁市城西区示例路8号2单元301室",
        "postcode": "810000",
    }
    return {"method": method, **(posted if method == "post" else {}), **changes}


def make_materials(item: ItemVersion, mode: str) -> list[dict[str, Any]]:
    """What every applicant must bring, each in the first form that this mode takes."""
    return [
        {
            "code": material.code,
            **_given(material.forms, material.custody, mode, material.originals),
        }
        for material in item.materials
        if material.required or (material.required_when and mode in _modes(material.required_when))
    ]


def _modes(condition: Any) -> tuple[str, ...]:
    return tuple(condition.mode or ())


def _given(
    forms: tuple[MaterialForm, ...], custody: Custody, mode: str, originals: int
) -> dict[str, Any]:
    online = [f for f in forms if f not in {MaterialForm.ORIGINAL, MaterialForm.COPY}]
    form = online[0] if mode == Mode.FULL_ONLINE and online else forms[0]
    given: dict[str, Any] = {"form": form.value, "count": 1}
    if form is MaterialForm.ORIGINAL:
        given["count"] = max(originals, 1)
    if form is MaterialForm.E_CERTIFICATE:
        given["e_certificate_id"] = certificate_number()
    return given


def make_submission(
    code: str = "CL-001", mode: str | None = None, **changes: object
) -> dict[str, Any]:
    """A submission of that item without any fault; `changes` replace whole top-level parts."""
    item = items()[code]
    mode = mode or item.modes[-1].value
    person = Kind.PERSON in item.kinds
    asked = {*item.bases(Mode(mode)), *item.choice[:1]}
    return {
        "item_code": code,
        "mode": mode,
        "channel": "window",
        "applicant": make_person() if person else make_organisation(),
        "representative": None if person else make_representative("legal_representative"),
        "basis": {b: c for b, c in item.basis_example.items() if Basis(b) in asked},
        "form": dict(item.form_example),
        "materials": make_materials(item, mode),
        "delivery": make_delivery(item.result.delivery[0].value),
        **changes,
    }
