package terrasmith.required_tags_test

given(variables, tags) := {
	"interface": {"inputs": [{"name": name} | some name in variables]},
	"resources": [{
		"mode": "managed",
		"address": "aws_s3_bucket.this",
		"path": "main.tf",
		"line": 1,
		"lines": {"tags": 4},
		"values": {"tags": tags},
	}],
}

wanted := {"required_tags": {"variable": "tags", "keys": ["owner"]}}

test_a_variable_and_the_tag_pass := {
	"policy": "required-tags",
	"input": given(["tags"], {"owner": "ada"}),
	"settings": wanted,
}

test_no_variable_is_told := {
	"policy": "required-tags",
	"input": given(["name"], {"owner": "ada"}),
	"settings": wanted,
	"deny": ["no variable 'tags'"],
}

test_a_missing_key_is_told_at_its_line := {
	"policy": "required-tags",
	"input": given(["tags"], {"team": "x"}),
	"settings": wanted,
	"deny": [{"line": 4}],
}
