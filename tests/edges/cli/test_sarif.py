"""SARIF as the specification has it."""

from holdfast.edges.cli.sarif import SarifRegion, SarifResult, SarifRule, sarif_document

RULES = (SarifRule("bad", "Something is bad", "error"), SarifRule("unknown", "Something can't be told", None))


def test_result_names_rule_level_and_place() -> None:
    result = SarifResult("bad", "it is bad", "a dir/ä.py", SarifRegion(3, 5))
    (run,) = sarif_document(RULES, [result])["runs"]
    (one,) = run["results"]
    assert (one["ruleId"], one["ruleIndex"], one["kind"], one["level"]) == ("bad", 0, "fail", "error")
    assert run["tool"]["driver"]["rules"][0]["id"] == "bad"
    place = one["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "a%20dir/%C3%A4.py", "uriBaseId": "ROOT"}
    assert place["region"] == {"startLine": 3, "startColumn": 5}
    assert run["originalUriBaseIds"].keys() == {"ROOT"}
    assert "fixes" not in one


def test_what_cannot_be_told_is_open_and_of_no_level() -> None:
    (one,) = sarif_document(RULES, [SarifResult("unknown", "?", "a", SarifRegion(1, 1))])["runs"][0]["results"]
    assert (one["kind"], one["level"]) == ("open", "none")


def test_fix_has_the_place_to_delete_and_what_to_put_there() -> None:
    fix = (SarifRegion(3, 5, 3, 9), "False")
    result = SarifResult("bad", "it is bad", "a.py", SarifRegion(3, 1), "write False", fix)
    (one,) = sarif_document(RULES, [result])["runs"][0]["results"]
    assert one["message"]["text"] == "it is bad. write False"
    (change,) = one["fixes"][0]["artifactChanges"]
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 9},
            "insertedContent": {"text": "False"},
        }
    ]
