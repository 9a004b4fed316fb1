package terrasmith.version_pins_test

case(provider, terraform, call, told) := {
	"policy": "version-pins",
	"input": {
		"interface": {
			"providers": [{"source": "hashicorp/aws", "version": provider, "path": "versions.tf", "line": 5}],
			"required_version": terraform,
		},
		"calls": [object.union({"path": "main.tf", "line": 1}, call)],
	},
	"deny": told,
}

test_all_pinned_passes := case("~> 5.0", ">= 1.5", {"source": "acme/vpc/aws", "version": "~> 1.2"}, 0)

test_nothing_pinned_is_told_thrice := case("", "", {"source": "acme/vpc/aws", "version": null}, 3)

test_a_local_call_needs_no_version := case("~> 5.0", ">= 1.5", {"source": "./modules/x", "version": null}, 0)
