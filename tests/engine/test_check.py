"""What the check of a data set finds."""

from collections.abc import Sequence

from kerascnn.engine.check import Finding, check


def lines(*rows: Sequence[str]) -> list[dict[str, str]]:
    """Return manifest lines of (id, content, label, split) and if given the group."""
    return [dict(zip(("id", "sha256", "label", "split", "group"), row, strict=False)) for row in rows]


def many(label: str, count: int, split: str = "train") -> list[dict[str, str]]:
    return lines(*((f"{label}{i}", f"{label}{i}{split}", label, split) for i in range(count)))


SOUND = [*many("cat", 20), *many("dog", 20), *many("cat", 3, "test"), *many("dog", 3, "test")]


def found(manifest: list[dict[str, str]], torn: Sequence[str] = ()) -> dict[str, Finding]:
    return {finding.id: finding for finding in check(manifest, torn)}


def test_a_sound_data_set_has_no_findings() -> None:
    assert check(SOUND) == []


def test_the_same_content_under_two_labels_is_found() -> None:
    finding = found([*SOUND, *lines(("a", "same", "cat", "train"), ("b", "same", "dog", "train"))])["duplicate-label"]
    assert finding.severity == "warning"
    assert finding.samples == ("a", "b")
    assert "2 samples have the same content as one of another class" in finding.message


def test_the_same_content_in_two_splits_is_found() -> None:
    all_found = found([*SOUND, *lines(("a", "same", "cat", "train"), ("b", "same", "cat", "test"))])
    assert all_found["duplicate-across-splits"].samples == ("a", "b")
    assert all_found["duplicate-across-splits"].severity == "error"
    assert "(1 of the 7 of test have a copy in another split)" in all_found["duplicate-across-splits"].message
    assert "1 sample is a copy of another" in all_found["duplicate"].message


def test_one_copy_among_a_hundred_of_a_split_is_a_warning() -> None:
    copies = lines(("a", "same", "cat", "train"), ("b", "same", "cat", "test"))
    fewer, more = ([*many("cat", 20), *many("dog", 20), *many("cat", n, "test"), *copies] for n in (98, 99))
    assert found(fewer)["duplicate-across-splits"].severity == "error"
    assert found(more)["duplicate-across-splits"].severity == "warning"


def test_copies_in_one_split_are_a_note() -> None:
    all_found = found([*SOUND, *lines(("a", "same", "cat", "train"), ("b", "same", "cat", "train"))])
    assert set(all_found) == {"duplicate"}
    assert all_found["duplicate"].severity == "note"
    assert all_found["duplicate"].message.endswith("copies are in the same split")


def test_classes_that_had_to_be_parted_are_named() -> None:
    manifest = [*SOUND, *lines(("a", "same", "cat", "train"), ("b", "same", "cat", "test"))]
    assert "cat have too few different samples" in found(manifest, ["cat"])["duplicate-across-splits"].message


def test_a_group_in_two_splits_is_found() -> None:
    manifest = [*SOUND, *lines(("a", "1", "cat", "train", "p7"), ("b", "2", "cat", "test", "p7"))]
    assert found(manifest)["group-across-splits"].samples == ("p7",)
    assert found(manifest)["group-across-splits"].severity == "error"


def test_small_classes_and_imbalance_are_found() -> None:
    all_found = found([*many("cat", 100), *many("dog", 9)])
    assert all_found["small-class"].samples == ("dog",)
    assert all_found["imbalance"].samples == ("cat", "dog")
    assert "'cat' has 100 samples to train on and 'dog' 9" in all_found["imbalance"].message
    assert set(found([*many("cat", 100), *many("dog", 10)])) == set()


def test_names_of_classes_that_differ_in_capitals_or_spaces_are_found() -> None:
    manifest = [*many("Cat", 20), *many("cat ", 20), *many("dog", 20)]
    assert found(manifest)["similar-class-names"].samples == ("'Cat'", "'cat '")


def test_what_cannot_be_read_is_an_error_and_counts_for_nothing_else() -> None:
    bad = [{"id": f"{i}.jpg", "label": "rare", "split": "quarantine", "reason": "is empty (0 bytes)"} for i in range(5)]
    [finding] = check([*SOUND, *bad])
    assert (finding.id, finding.severity) == ("unreadable", "error")
    assert finding.samples == ("0.jpg", "1.jpg", "2.jpg", "3.jpg", "4.jpg")
    assert finding.message == (
        "5 samples cannot be read: 0.jpg is empty (0 bytes); 1.jpg is empty (0 bytes); 2.jpg is empty (0 bytes) and 2 "
        "more; mend or remove them, or leave them out with data.allow: [unreadable]"
    )


def test_a_bad_name_moves_no_cursor() -> None:
    [finding] = check([{"id": "a\x1b[2J", "split": "quarantine", "reason": "is no\npicture"}])
    assert "a\\x1b[2J is no\\npicture" in finding.message


def test_samples_without_a_class_give_no_findings_about_classes() -> None:
    manifest = [{"id": str(i), "sha256": str(i // 2), "split": "train", "values": [0.5]} for i in range(40)]
    assert set(found(manifest)) == {"duplicate"}


def test_a_finding_names_the_first_samples() -> None:
    finding = Finding("x", "note", "many", tuple("abcdefg"))
    assert str(finding) == "many (a, b, c, d, e, ...)"
    assert finding.as_dict() == {"id": "x", "severity": "note", "message": "many", "samples": list("abcdefg")}
    assert str(Finding("x", "note", "alone")) == "alone"
