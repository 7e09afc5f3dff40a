"""`verification-metadata.xml`."""

from tests.facts.lockfiles.reading import gaps, read, rows

METADATA = """\
<?xml version="1.0" encoding="UTF-8"?>
<verification-metadata xmlns="https://schema.gradle.org/dependency-verification">
   <configuration><verify-metadata>true</verify-metadata></configuration>
   <components>
      <component group="org.lamp" name="lamp" version="1.0">
         <artifact name="lamp-1.0.jar"><sha256 value="00"/></artifact>
         <artifact name="lamp-1.0.pom"><sha256 value="00"/></artifact>
      </component>
      <component group="org.lamp" name="parent" version="2">
         <artifact name="parent-2.pom"><sha256 value="00"/></artifact>
      </component>
      <component group="org.lamp" name="bare" version="3"/>
      <component group="org.lamp" version="3"/>
      <component group="org.lamp" name="none"/>
   </components>
</verification-metadata>
"""
SAMPLE = ("gradle/verification-metadata.xml", METADATA)


def test_verified_modules_with_code_have_their_line_and_descriptions_are_left_out() -> None:
    parsed = read(dict([SAMPLE]))
    assert rows(parsed) == [
        ("org.lamp:lamp", "1.0", "registry", None, "runtime", 5),
        ("org.lamp:bare", "3", "registry", None, "runtime", 12),
    ]
    assert gaps(parsed) == [
        (13, "a component without group or name"),
        (14, "a component without version: `org.lamp:none`"),
    ]


def test_verification_metadata_of_another_root_is_refused() -> None:
    parsed = read({"verification-metadata.xml": "<project/>"})
    assert gaps(parsed) == [(1, "expected `<verification-metadata>`, got `<project>`")]
