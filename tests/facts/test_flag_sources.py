"""A tree is read whole: what is left out is known, and what could not be read is named."""

from holdfast.facts.flag_sources import MAX_PARSED_BYTES, FlagSources, Unread, read_flag_sources
from holdfast.facts.flag_usage import Value
from holdfast.testing.trees import MemoryTree

ASK = "client.get_boolean_value({}, True)\n"
JS = "client.getBooleanValue({}, true);\n"


def read(files: dict[str, str | bytes], *keys: str) -> FlagSources:
    data = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    return read_flag_sources(MemoryTree(data), keys)


def keys_of(sources: FlagSources) -> list[tuple[str, object]]:
    return [(one.file, one.key.value if isinstance(one.key, Value) else ...) for one in sources.reads]


def test_sources_of_every_language_are_read_in_order() -> None:
    files: dict[str, str | bytes] = {"b.py": ASK.format("'b'"), "a.ts": JS.format("'a'"), "c.mjs": JS.format("'c'")}
    sources = read({**files, "d.txt": ASK.format("'d'")})
    assert keys_of(sources) == [("a.ts", "a"), ("b.py", "b"), ("c.mjs", "c")]
    assert (sources.files, sources.unread) == (3, ())


def test_folders_that_tools_made_are_left_out() -> None:
    assert (
        read({f"{name}/a.py": ASK.format("'a'") for name in ("dist", "build", "web/.next", "x/coverage/y")}).files == 0
    )


def test_constants_of_other_files_are_found() -> None:
    sources = read(
        {
            "shop/flags.py": "RECEIPTS = 'shop.receipts'\n",
            "shop/page.py": "from shop.flags import RECEIPTS\n" + ASK.format("RECEIPTS"),
            "web/keys.ts": "export const Keys = { receipts: 'shop.receipts' } as const;",
            "web/page.tsx": "import { Keys } from './keys';\n" + JS.format("Keys.receipts"),
            "web/gone.ts": "import { Gone } from './nowhere';\n" + JS.format("Gone"),
        }
    )
    assert keys_of(sources) == [
        ("shop/page.py", "shop.receipts"),
        ("web/gone.ts", ...),
        ("web/page.tsx", "shop.receipts"),
    ]


def test_function_that_hands_a_key_on_is_followed_through_the_files() -> None:
    files: dict[str, str | bytes] = {
        "lib.py": "def is_on(flag):\n    return " + ASK.format("flag"),
        "page.py": "from lib import is_on\nis_on('a')\n",
        "web/lib.ts": "export function isOn(flag) { return " + JS.format("flag") + "}",
        "web/page.ts": "import { isOn } from './lib';\nisOn('b');",
    }
    assert keys_of(read(files)) == [("page.py", "a"), ("web/page.ts", "b")]
    alone = {path: text for path, text in files.items() if "lib" in path}
    assert keys_of(read(alone)) == [("lib.py", ...), ("web/lib.ts", ...)]


def test_method_of_some_name_counts_for_declared_keys_only() -> None:
    files: dict[str, str | bytes] = {
        "lib.py": "class F:\n  def get(self, flag):\n    return " + ASK.format("flag"),
        "page.py": "flags.get('shop.receipts')\nheaders.get('accept')\n",
    }
    assert keys_of(read(files, "shop.receipts")) == [("page.py", "shop.receipts")]
    assert keys_of(read(files)) == [("lib.py", ...)]


def test_what_cannot_be_read_is_named() -> None:
    sources = read(
        {
            "broken.py": "def f(:\n  get_boolean_value",
            "latin.py": b"x = '\xff'\nget_boolean_value",
            "half.js": "let = ;\n" + JS.format("'a'"),
            "page.vue": "<script>import '@openfeature/web-sdk'</script>",
            "main.go": 'client.BooleanValue(ctx, "shop.receipts", true, of.EvaluationContext{})',
            "other.go": "package other",
            "sdk.go": 'import "github.com/open-feature/go-sdk/openfeature"',
            "about.html": "<p>We use OpenFeature.</p>",
            "large.min.js": JS.format("'a'") + "x" * MAX_PARSED_BYTES,
            "large.js": "x" * (5 << 20),
        },
        "shop.receipts",
    )
    assert [(one.file, one.line, one.because.partition(":")[0]) for one in sources.unread] == [
        ("broken.py", 1, "not Python"),
        ("half.js", 1, "not JavaScript or TypeScript that can be read"),
        (
            "large.min.js",
            1,
            f"{MAX_PARSED_BYTES + 35} bytes, more than the {MAX_PARSED_BYTES} that are parsed; is it made by a tool?",
        ),
        ("latin.py", 1, "its text can't be decoded"),
        ("main.go", 1, "it names `shop.receipts`, in a language that is not read here"),
        ("page.vue", 1, "it uses OpenFeature, in a language that is not read here"),
        ("sdk.go", 1, "it uses OpenFeature, in a language that is not read here"),
    ]


def test_broken_file_that_asks_for_nothing_is_no_matter() -> None:
    assert read({"broken.py": "def f(:\n", "notes.js": "<<<<<<<"}).unread == ()


def test_key_that_stands_in_a_file_is_a_mention() -> None:
    sources = read({"a.py": "x = 1\nFLAGS = ['ö', 'shop.receipts']\n"}, "shop.receipts", "shop.other")
    assert sources.mentions == {"shop.receipts": ("a.py", 2, 16)}


def test_folder_that_cannot_be_listed_is_named() -> None:
    class Locked(MemoryTree):
        def walk(self):  # type: ignore[no-untyped-def]  # as in the port
            yield "secret/"

    assert read_flag_sources(Locked({}), ()).unread == (Unread("secret/", 1, 1, "a folder that can't be listed"),)


def test_many_files_are_read_once_each() -> None:
    files: dict[str, str | bytes] = {f"p{n}/page.py": ASK.format(f"'flag-{n}'") for n in range(2000)}
    assert len(read(files).reads) == 2000
