"""`pom.xml` is edited in the version alone, at the lines where it was found."""

import pytest

from holdfast.errors import FactError
from holdfast.remediations.edits import Wanted
from tests.remediations.edits.editing import edited

POM = """<project>\r
  <properties><!-- 1.0.0 -->\r
\t<lamp.version> 1.0.0 </lamp.version>
    <desk.version>1.0.0</desk.version>
  </properties>
  <dependency><artifactId>lamp</artifactId><version>${lamp.version}</version></dependency>
  <dependency><version>[1.0.0]</version></dependency>
</project>"""


def wanted(*lines: int) -> Wanted:
    return Wanted("Maven", "a:lamp", "1.0.0", "1.5.0", lines=lines)


def test_a_property_is_raised_where_it_is_set() -> None:
    after = POM.replace("<lamp.version> 1.0.0 <", "<lamp.version> 1.5.0 <")
    assert edited("pom_xml", POM, wanted(6, 3)) == after


def test_a_pinned_element_is_raised() -> None:
    assert edited("pom_xml", POM, wanted(7)) == POM.replace("[1.0.0]", "[1.5.0]")


def test_a_version_that_is_not_set_here_is_left() -> None:
    assert edited("pom_xml", POM, wanted(2, 6)) == POM


def test_two_versions_in_a_line_are_refused() -> None:
    with pytest.raises(FactError, match="more than once"):
        edited("pom_xml", "<a>1.0.0</a><b>1.0.0</b>", wanted(1))
