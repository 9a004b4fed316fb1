package intent

has(kind) if {
	some one in input.resources
	one.mode == "managed"
	one.type == kind
}

deny contains "there is no aws_route53_zone" if {
	not has("aws_route53_zone")
}
