package terrasmith.naming_test

given(name) := {
	"module": {"name": "bucket"},
	"resources": [{"address": "aws_s3_bucket.this", "name": name, "path": "main.tf", "line": 3}],
	"interface": {"inputs": [{"name": name, "path": "variables.tf", "line": 1}]},
}

test_plain_names_pass := {"policy": "naming", "input": given("this")}

test_a_camel_is_told_for_resource_and_variable := {
	"policy": "naming",
	"input": given("myBucket"),
	"deny": [{"path": "main.tf", "line": 3}, {"path": "variables.tf", "line": 1}],
}

test_the_module_has_a_pattern_of_its_own := {
	"policy": "naming",
	"input": {"module": {"name": "My_Bucket"}, "resources": [], "interface": {"inputs": []}},
	"deny": ["My_Bucket"],
}
