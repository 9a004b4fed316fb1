package intent

has(kind) if {
	some one in input.resources
	one.mode == "managed"
	one.type == kind
}

deny contains "there is no aws_security_group" if {
	not has("aws_security_group")
}

deny contains "the whole internet is let in" if {
	some one in input.resources
	one.type == "aws_vpc_security_group_ingress_rule"
	one.values.cidr_ipv4 == "0.0.0.0/0"
}
