"""Known answers, so that a seam that opens what it sealed is also the algorithm it claims to be."""

import pytest
from cryptography.exceptions import InvalidTag

from shared.security.algorithms import AES, SM


def test_sm4_gcm_gives_the_answer_of_rfc_8998() -> None:
    cipher = SM.cipher(bytes.fromhex("0123456789abcdeffedcba9876543210"))
    nonce = bytes.fromhex("00001234567800000000abcd")
    associated = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    plain = bytes.fromhex(
        "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
        "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa"
    )
    sealed = cipher.encrypt(nonce, plain, associated)
    assert sealed.hex() == (
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )
    assert cipher.decrypt(nonce, sealed, associated) == plain
    with pytest.raises(InvalidTag):
        cipher.decrypt(nonce, sealed, b"")


def test_sm3_gives_the_answer_of_gb_t_32905() -> None:
    digest = SM.digest()
    digest.update(b"ab")
    digest.update(b"c")
    known = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert digest.digest().hex() == known
    assert digest.digest().hex() == known


def test_hmac_sha256_gives_the_answer_of_rfc_4231() -> None:
    known = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert AES.mac(b"Jefe", b"what do ya want for nothing?").hex() == known


def test_the_families_differ_in_every_mac() -> None:
    assert AES.mac(b"k" * 16, b"x") != SM.mac(b"k" * 16, b"x")
