package terrasmith.allowed_providers_test

case(source, told) := {
	"policy": "allowed-providers",
	"input": {"interface": {"providers": [{"source": source, "path": "versions.tf", "line": 5}]}},
	"settings": {"allowed_providers": ["hashicorp/*", "cloudflare/cloudflare"]},
	"deny": told,
}

test_a_listed_provider_passes := case("hashicorp/aws", 0)

test_the_host_may_be_written := case("registry.terraform.io/hashicorp/aws", 0)

test_another_one_is_told := case("evilcorp/aws", ["evilcorp/aws"])

test_a_star_does_not_reach_over_a_slash := case("hashicorp/aws/more", 1)
