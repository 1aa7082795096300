"""Faults as answers carry them."""

from collections.abc import Iterable

from shared.errors import Fault
from shared.problems import FaultOut


def faults_out(faults: Iterable[Fault]) -> list[FaultOut]:
    return [FaultOut.model_validate(fault, from_attributes=True) for fault in faults]
