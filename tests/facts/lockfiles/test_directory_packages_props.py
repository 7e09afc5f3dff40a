"""`Directory.Packages.props`."""

from tests.facts.lockfiles.reading import gaps, read, rows

PROPS = """\
<Project>
  <PropertyGroup><LampVersion>2.0</LampVersion></PropertyGroup>
  <ItemGroup>
    <PackageVersion Include="Bulb" Version="1.0.0" />
    <PackageVersion Include="Wick"><Version>[1.5]</Version></PackageVersion>
    <PackageVersion Include="Lamp" Version="$(LampVersion)" />
    <PackageVersion Include="Open" Version="1.*" />
    <PackageVersion Include="None" />
    <PackageVersion Remove="Bulb" />
    <GlobalPackageReference Include="Check; Press" Version="3.0" />
  </ItemGroup>
  <Choose><When Condition="x"><ItemGroup><PackageVersion Update="Oil" Version="4" /></ItemGroup></When></Choose>
</Project>
"""
SAMPLE = ("Directory.Packages.props", PROPS)


def test_central_versions_have_scope_and_line_and_the_open_ones_are_unparsed() -> None:
    parsed = read(dict([SAMPLE]))
    assert rows(parsed) == [
        ("Bulb", "1.0.0", "registry", None, "runtime", 4),
        ("Wick", "1.5", "registry", None, "runtime", 5),
        ("Check", "3.0", "registry", True, "development", 10),
        ("Press", "3.0", "registry", True, "development", 10),
        ("Oil", "4", "registry", None, "runtime", 12),
    ]
    assert gaps(parsed) == [
        (6, "`Lamp`: `$(LampVersion)` is a property: what it holds when the project is built is not known"),
        (7, "`Open`: `1.*` names no single version: which one is taken is not known"),
        (8, "`None`: it has no version"),
    ]


def test_central_versions_of_another_root_are_refused() -> None:
    assert gaps(read({"Directory.Packages.props": "<x/>"})) == [(1, "expected `<Project>`, got `<x>`")]
