package terrasmith.allowed_regions_test

case(region, list, told) := {
	"policy": "allowed-regions",
	"input": {
		"resources": [],
		"provider_blocks": [{"path": "examples/a/main.tf", "lines": {"region": 2}, "values": {"region": region}}],
		"interface": {"inputs": [{"name": "region", "default": region, "path": "variables.tf", "line": 1}]},
	},
	"settings": {"allowed_regions": list},
	"deny": told,
}

test_a_listed_region_passes := case("eu-central-1", ["eu-central-1"], 0)

test_another_one_is_told_wherever_it_stands := case("us-east-1", ["eu-central-1"], [{"line": 2}, {"line": 1}])

test_without_a_list_any_will_do := case("us-east-1", [], 0)
