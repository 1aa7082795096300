"""A file is what is in it."""

import pytest

from shared.files.media import JPEG, OFD, PDF, PNG, Probe
from tests.shared.files.samples import jpeg, ofd, pdf, png


def probe(content: bytes, piece: int = 1000) -> Probe:
    made = Probe()
    for start in range(0, len(content), piece):
        made.update(content[start : start + piece])
    return made


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (pdf(), PDF),
        (pdf(300_000), PDF),
        (pdf() + b"\r\n" * 100, PDF),
        (png(), PNG),
        (jpeg(), JPEG),
        (jpeg(padding=bytes(5000)), JPEG),
        (jpeg(padding=b"\xff\xff\xff"), JPEG),
        (ofd(), OFD),
    ],
)
@pytest.mark.parametrize("piece", [1, 1000, 10**6])
def test_a_file_is_known_by_its_beginning_and_its_end(
    content: bytes, media_type: str, piece: int
) -> None:
    found = probe(content, piece)
    assert (found.guess(), found.confirm()) == (media_type, media_type)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        b"<html><script>alert(1)</script></html>",
        b"MZ" + bytes(100),
        b"\x7fELF" + bytes(100),
        b"#!/bin/sh\nrm -rf /\n" + bytes(100),
        b"GIF89a" + bytes(100),
        b"<?xml version='1.0'?><svg onload='x'/>",
        b" " + pdf(),
        b"%PDF-9.9" + pdf()[8:],
    ],
)
def test_anything_else_is_of_no_type(content: bytes) -> None:
    assert probe(content).confirm() is None


@pytest.mark.parametrize("content", [pdf(), png(), jpeg(), ofd()])
def test_a_file_that_was_cut_is_of_no_type(content: bytes) -> None:
    assert probe(content[:-8]).confirm() is None


def test_a_picture_with_something_behind_it_is_of_no_type() -> None:
    assert probe(png() + b"<?php evil(); ?>").confirm() is None
    assert probe(jpeg(padding=b"PK\x03\x04" + b"x" * 4000)).confirm() is None
    assert probe(pdf() + b"x" * 4000).confirm() is None


def test_a_package_that_is_no_document_is_of_no_type() -> None:
    assert probe(ofd().replace(b"OFD.xml", b"eve.xml")).confirm() is None


@pytest.mark.parametrize("content", [png(60_000, 60_000), jpeg(65_000, 65_000)])
def test_a_picture_that_would_fill_the_memory_is_of_no_type(content: bytes) -> None:
    assert probe(content).confirm() is None


@pytest.mark.parametrize("content", [png(9_900, 14_000), jpeg(9_900, 14_000)])
def test_a_large_scan_is_still_a_picture(content: bytes) -> None:
    assert probe(content).confirm()


def test_a_png_without_its_header_is_of_no_type() -> None:
    assert probe(png().replace(b"IHDR", b"JUNK")).confirm() is None
