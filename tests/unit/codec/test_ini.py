"""The dialect of the configuration files, and what their errors say."""

from decimal import Decimal
from pathlib import Path

import pytest

from hansa.codec.ini import FILE_BYTES_MAX, IniFile, Section, SettingsError


def section(text: str) -> Section:
    return IniFile.parse(f"[s]\n{text}", "a.ini").section("s")


def failure(text: str) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        IniFile.parse(text, "a.ini")
    return caught.value


def test_indentation_comments_and_blanks_around_the_parts() -> None:
    read = section("  ; note\n\tkey = value with blanks \r\n\n;key=other\n    b=")
    assert read.text("key") == "value with blanks"
    assert read.text("b", "default") == "default"


def test_a_semicolon_inside_a_line_belongs_to_the_value() -> None:
    assert section("key=a;b").text("key") == "a;b"
    assert section("key=a=b").text("key") == "a=b"


def test_a_key_before_any_heading_is_listed_as_unknown() -> None:
    assert "[] key: unknown key" in IniFile.parse("key=1", "a.ini").warnings()[0]


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("[a]\nkey", 2, "neither [section] nor key=value"),
        ("=value", 1, "neither [section] nor key=value"),
        ("[a", 1, "not a section heading"),
        ("[ ]", 1, "not a section heading"),
        ("[a]\n[b]\n[a]", 3, "began in line 1"),
        ("[a]\nk=1\n\nk=2", 4, "set in line 2"),
        ("[a]\nk=\0", 2, "NUL"),
    ],
)
def test_what_is_not_the_dialect_is_refused_with_its_line(text: str, line: int, problem: str) -> None:
    error = failure(text)
    assert (error.line, error.file) == (line, "a.ini")
    assert problem in error.problem
    assert str(error).startswith(f"a.ini:{line}: ")


def test_a_broken_line_is_not_repeated_in_the_message() -> None:
    assert "hunter2" not in str(failure("[storage]\ndb_passwd hunter2"))


def test_an_oversized_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.ini"
    path.write_bytes(b";" * (FILE_BYTES_MAX + 1))
    with pytest.raises(SettingsError, match="longer than"):
        IniFile.load(path)
    assert "longer than" in failure(";" * (FILE_BYTES_MAX + 1)).problem


def test_a_file_that_is_no_text_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "config.ini"
    path.write_bytes(b"[a]\nk=\xff")
    with pytest.raises(SettingsError) as caught:
        IniFile.load(path)
    assert caught.value.line == 2
    assert caught.value.remedy == "save it as UTF-8"


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "config.ini"
    path.write_bytes(b"\xef\xbb\xbf[s]\nk=1")
    assert IniFile.load(path).section("s").text("k") == "1"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        IniFile.load(tmp_path)


def test_integers() -> None:
    assert section("k=5").integer("k", 1, minimum=0, maximum=9) == 5
    assert section("k=").integer("k", 1, minimum=0, maximum=9) == 1
    assert section("").optional_integer("k", minimum=0, maximum=9) is None
    for text in ("10", "-1", "0x5", "5 ; five", "1_0", "five", "9" * 30):
        with pytest.raises(SettingsError, match="whole number from 0 to 9"):
            section(f"k={text}").integer("k", 1, minimum=0, maximum=9)
    with pytest.raises(SettingsError, match="is not set"):
        section("").required_integer("k", minimum=0, maximum=9)


def test_decimals() -> None:
    assert section("k=0.25").decimal("k", Decimal(1), minimum=Decimal(0), maximum=Decimal(2)) == Decimal(
        "0.25"
    )
    assert section("").decimal("k", Decimal(1), minimum=Decimal(0), maximum=Decimal(2)) == 1
    for text in ("2.1", "nan", "1e-1", ".5", "-1"):
        with pytest.raises(SettingsError, match="is not a number from 0 to 2"):
            section(f"k={text}").decimal("k", Decimal(1), minimum=Decimal(0), maximum=Decimal(2))


def test_flags() -> None:
    assert section("k=true").flag("k", False)
    assert not section("k=0").flag("k", True)
    assert section("").flag("k", True)
    with pytest.raises(SettingsError, match="neither true nor false"):
        section("k=yes").flag("k", True)


def test_choices() -> None:
    assert section("k=B").choice("k", "a", ("a", "b")) == "b"
    with pytest.raises(SettingsError, match="Write one of: a, b"):
        section("k=c").choice("k", "a", ("a", "b"))


def test_a_lenient_choice_warns_and_takes_the_default() -> None:
    ini = IniFile.parse("[s]\nk=c", "a.ini")
    assert ini.section("s").choice_or_default("k", "a", ("a", "b")) == "a"
    assert ini.warnings() == ('a.ini:2: [s] k: "c" is not known. Write one of: a, b. Until then: a.',)


def test_addresses() -> None:
    assert section("k=::1").listen_ip("k", "0.0.0.0") == "::1"
    assert section("").listen_ip("k", "0.0.0.0") == "0.0.0.0"
    with pytest.raises(SettingsError, match="is not an IP address"):
        section("k=localhost").listen_ip("k", "0.0.0.0")


def test_numbered_keys_keep_the_order_of_the_file_and_pass_over_empty_ones() -> None:
    assert list(section("node.2=b\nnode.1=a\nnode.3=\nother.1=c").numbered("node")) == [
        ("node.2", "b"),
        ("node.1", "a"),
    ]


def test_legacy_names() -> None:
    assert IniFile.parse("[old]\nk=1", "a.ini").section("new", legacy="old").text("k") == "1"
    with pytest.raises(SettingsError, match=r"old name of \[new\]"):
        IniFile.parse("[old]\n[new]", "a.ini").section("new", legacy="old")


def test_keys_nobody_asked_for_are_listed() -> None:
    ini = IniFile.parse("[s]\nk=1\nm=2\nn=3\n[t]\nx=1", "a.ini")
    ini.section("s").text("k")
    ini.section("s").ignore("n")
    assert ini.warnings() == (
        "a.ini:3: [s] m: unknown key, ignored",
        "a.ini:6: [t] x: unknown key, ignored",
    )


def test_an_error_says_where_what_and_how_to_mend_it() -> None:
    error = SettingsError(file="a.ini", section="s", key="k", line=3, problem="is odd", remedy="make it even")
    assert str(error) == "a.ini:3: [s] k: is odd. Make it even."
