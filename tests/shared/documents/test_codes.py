"""What scanners read."""

import re
import xml.etree.ElementTree as ET

import pytest
from barcode import Code128

from shared.documents import codes
from shared.documents.errors import NotEncodableError


def test_the_bars_are_those_of_code_128() -> None:
    svg = ET.fromstring(codes.code128("P630102-2603-000017"))  # noqa: S314  (our own)
    path = svg[0].attrib["d"]
    modules = list(Code128("P630102-2603-000017").build()[0])
    drawn = ["0"] * len(modules)
    for at, length in re.findall(r"M(\d+) 0h(\d+)", path):
        drawn[int(at) - 10 : int(at) - 10 + int(length)] = ["1"] * int(length)
    assert drawn == modules
    assert svg.attrib["viewBox"].split()[2] == str(len(modules) + 20)


@pytest.mark.parametrize("text", ["", "张三", "a\nb", "x" * 49])
def test_what_a_scanner_could_not_read_is_refused(text: str) -> None:
    with pytest.raises(NotEncodableError):
        codes.code128(text)


def test_a_qr_code_is_the_same_each_time() -> None:
    assert codes.qr("https://tongban.example/p/X") == codes.qr("https://tongban.example/p/X")
