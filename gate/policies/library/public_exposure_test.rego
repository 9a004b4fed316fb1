package terrasmith.public_exposure_test

empty := {"address": "x.y", "path": "main.tf", "line": 1, "lines": {}, "values": {}, "defaults": {}, "blocks": []}

case(parts, told) := {
	"policy": "public-exposure",
	"input": {"resources": [object.union(empty, parts)]},
	"deny": told,
}

open_port(port) := {
	"type": "aws_vpc_security_group_ingress_rule",
	"values": {"cidr_ipv4": "0.0.0.0/0", "from_port": port, "to_port": port},
}

public_acl := {"type": "aws_s3_bucket_acl", "values": {"acl": "public-read"}, "lines": {"acl": 4}}

test_a_public_acl_is_told := case(public_acl, [{"line": 4}])

test_a_private_acl_passes := case({"type": "aws_s3_bucket_acl", "values": {"acl": "private"}}, 0)

test_ssh_to_everybody_is_told := case(open_port(22), ["lets everybody in"])

test_a_web_port_may_be_open := case(open_port(443), 0)

nested := {"type": "aws_security_group", "blocks": [{
	"kind": "ingress",
	"line": 7,
	"values": {"cidr_blocks": ["10.0.0.0/8", "0.0.0.0/0"], "from_port": 22, "to_port": 22},
	"defaults": {},
}]}

test_a_nested_block_is_told_at_its_line := case(nested, [{"line": 7}])

test_an_old_rule_counts_inwards_only := case(
	{"type": "aws_security_group_rule", "values": {"type": "egress", "cidr_blocks": ["0.0.0.0/0"]}},
	0,
)

database := {
	"type": "aws_db_instance",
	"defaults": {"publicly_accessible": true},
	"lines": {"publicly_accessible": 9},
}

test_a_public_database_by_default_is_told := case(database, [{"line": 9}])
