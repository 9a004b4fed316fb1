package terrasmith.encryption_test

case(values, defaults, lines, told) := {
	"policy": "encryption",
	"input": {"resources": [{
		"mode": "managed",
		"type": "aws_ebs_volume",
		"address": "aws_ebs_volume.this",
		"path": "main.tf",
		"line": 1,
		"values": values,
		"defaults": defaults,
		"lines": lines,
	}]},
	"settings": {"encryption": {"flags": {"aws_ebs_volume": "encrypted"}}},
	"deny": told,
}

test_true_passes := case({"encrypted": true}, {}, {"encrypted": 3}, 0)

test_what_an_expression_says_is_left_to_the_caller := case({}, {}, {"encrypted": 3}, 0)

test_absent_is_told := case({}, {}, {}, [{"line": 1}])

test_a_default_of_false_is_told_at_its_line := case({}, {"encrypted": false}, {"encrypted": 3}, [{"line": 3}])

test_other_types_are_left_alone := object.union(
	case({}, {}, {}, 0),
	{"settings": {"encryption": {"flags": {"aws_db_instance": "storage_encrypted"}}}},
)
