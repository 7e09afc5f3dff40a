"""Who adds to a room is found without reading every package's metadata."""

from pathlib import Path

from holdfast.registry import names_rooms


def install(folder: Path, name: str, text: str | None) -> None:
    (folder / f"{name}.dist-info").mkdir(parents=True)
    if text is not None:
        (folder / f"{name}.dist-info" / "entry_points.txt").write_text(text)


def test_only_a_package_that_names_a_room_makes_it_worth_looking(tmp_path: Path) -> None:
    place = tmp_path / "site-packages"
    install(place, "quiet-1.0", None)
    install(place, "holdfast-0.1", "[console_scripts]\nholdfast = holdfast.app.main:main\n")
    assert not names_rooms([str(place), str(tmp_path / "nowhere"), ""])
    install(place, "ours-1.0", "[holdfast.facts.lockfiles]\nmine = mine.reader\n")
    assert names_rooms([str(tmp_path / "nowhere"), str(place)])


def test_an_archive_of_packages_may_hold_one(tmp_path: Path) -> None:
    (tmp_path / "all.zip").write_bytes(b"PK")
    assert names_rooms([str(tmp_path / "all.zip")])
