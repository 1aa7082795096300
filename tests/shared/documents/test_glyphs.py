"""No blank boxes: what the fonts lack is named before anything is printed."""

import string
from pathlib import Path

import pytest

from shared.documents.errors import UnprintableError
from shared.documents.glyphs import FONTS, can_print

TEMPLATES = FONTS.parent / "templates"


@pytest.mark.parametrize("character", "㛃𬎆䶮𬭼𫍽𫖯𬸘〇·—…“”‘’《》〔〕【】（）、。，：；！？℃㎡№①")
def test_rare_names_and_everyday_punctuation_print(character: str) -> None:
    assert can_print(character) == []


def test_every_character_of_the_basic_block_and_of_extension_a_prints() -> None:
    assert can_print("".join(map(chr, range(0x4E00, 0xA000)))) == []
    assert can_print("".join(map(chr, range(0x3400, 0x4DC0)))) == []


def test_every_printable_ascii_character_prints() -> None:
    assert can_print(string.digits + string.ascii_letters + string.punctuation + " ") == []


def test_what_is_lacking_is_named_once_each_in_its_order() -> None:
    assert can_print("王\U00031350明\ue000\U00031350") == ["\U00031350", "\ue000"]


def test_the_error_says_which_character_and_its_code_point() -> None:
    error = UnprintableError(["\U00031350", "\ue000"])
    said = [fault.message_zh for fault in error.faults]
    assert "“\U00031350”（U+31350）" in said[0]
    assert "U+E000" in said[1]


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.typ")), ids=lambda path: path.stem)
def test_the_templates_own_words_print(template: Path) -> None:
    assert can_print(template.read_text(encoding="utf-8")) == []


def test_the_fonts_come_with_their_licence() -> None:
    licence = (FONTS / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert {font.name for font in FONTS.iterdir()} == {
        "OFL.txt",
        "TongbanSong-Rare.ttf",
        "TongbanSong-Regular.otf",
    }
