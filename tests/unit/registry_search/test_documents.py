"""Documents: what of a module can be found, how much of it, and how well it is made."""

from registry.search.documents import Module, document, popularity, standing
from registry.search.meaning import Term
from registry.search.ranking import Candidate, ranked
from tfmodule.address import Address
from tfmodule.contents import EMPTY, Contents

PASSED = {"verdict": "passed", "tier": "provider", "profile": "house"}


def _document(files: dict[str, str], **changes):
    contents = Contents.from_files({path: text.encode() for path, text in files.items()})
    values = {
        "address": Address("acme", "bucket", "aws"), "namespace_id": "ns_1", "public": True, "verified": False,
        "description": "", "contents": contents, "report": {},
    }  # fmt: skip
    return document(Module(**(values | changes)))


def test_a_module_without_anything_is_found_by_its_address() -> None:
    made = _document({})
    assert {"acme", "bucket", "aws", "s:aws", "n:acme", "v:no", "=all"} == made.tokens


def test_providers_are_known_by_their_source_without_the_default_host() -> None:
    source = (
        'terraform {\n  required_providers {\n    a = {\n      source = "registry.terraform.io/Hashicorp/aws"\n    }\n'
    )
    made = _document({"main.tf": source + '    b = {\n      source = "my.host/x y/\\u0000"\n    }\n  }\n}\n'})
    assert made.providers == ("hashicorp/aws",)


def test_a_huge_module_makes_a_bounded_document() -> None:
    inputs = "".join(f'variable "input{n}" {{\n  description = "word{n} more"\n}}\n' for n in range(3_000))
    made = _document({"main.tf": inputs, "README.md": " ".join(f"prose{n}" for n in range(30_000))})
    assert len(made.tokens) < 4_100
    assert len(made.known_words) <= 1_000


def test_quality_is_what_the_gate_said_and_what_a_reader_is_given() -> None:
    bare = _document({"main.tf": 'variable "a" {}\n'}).quality
    good = _document(
        {
            "main.tf": 'variable "a" {\n  description = "An a."\n}\n',
            "README.md": "Long. " * 50,
            "examples/one/main.tf": 'output "x" {\n  value = 1\n}\n',
        },
        report=PASSED,
    ).quality
    assert (bare, good) == (0, 100)
    assert _document({}, report=PASSED, deprecated=True).quality == 0
    assert EMPTY.parts


def test_use_and_quality_decide_among_equals_and_words_before_them() -> None:
    def candidate(name: str, downloads: int = 0, description: str = "") -> Candidate:
        return Candidate(name, "ns", f"acme/{name}/aws", name, "acme aws", description, "", "", 50, downloads)

    found = [candidate("popular", 10**6, "a queue"), candidate("queue"), candidate("quiet", 3, "a queue")]
    terms = [Term("queue", {"queue": 1.0})]
    assert [one.name for one in ranked(found, terms, all_found=True)] == ["queue", "popular", "quiet"]
    assert [one.name for one in ranked(found, [], all_found=True)] == ["popular", "quiet", "queue"]
    assert popularity(0) == popularity(-1) == 0 and popularity(10**9) == 1
    assert standing(10**9, 100) == 1
