# Nothing is open to the whole internet unless a caller says so. By literal values and plain defaults alone.
package terrasmith.public_exposure

metadata := {"id": "public-exposure", "title": "Nothing is open to everybody", "level": "soft"}

everybody := {"0.0.0.0/0", "::/0"}

flag(resource) := data.settings.public_exposure.flags[resource.type]

known(body) := object.union(body.defaults, body.values)

open_to_all(body) if {
	some name in ["cidr_blocks", "ipv6_cidr_blocks"]
	some range in known(body)[name]
	range in everybody
}

open_to_all(body) if {
	some name in ["cidr_ipv4", "cidr_ipv6"]
	known(body)[name] in everybody
}

allowed_port(body) if {
	values := known(body)
	values.from_port == values.to_port
	values.from_port in data.settings.public_exposure.ports
}

deny contains told(resource, resource.lines[name], sprintf("'%s' is true by default", [name])) if {
	some resource in input.resources
	name := flag(resource)
	known(resource)[name] == true
}

deny contains told(resource, resource.lines.acl, sprintf("its ACL is '%s'", [acl])) if {
	some resource in input.resources
	resource.type in {"aws_s3_bucket", "aws_s3_bucket_acl"}
	acl := known(resource).acl
	acl in {"public-read", "public-read-write", "authenticated-read"}
}

deny contains lets_everybody_in(resource, block.line) if {
	some resource in input.resources
	resource.type == "aws_security_group"
	some block in resource.blocks
	block.kind == "ingress"
	open_to_all(block)
	not allowed_port(block)
}

deny contains lets_everybody_in(resource, resource.line) if {
	some resource in input.resources
	lets_in(resource)
	open_to_all(resource)
	not allowed_port(resource)
}

lets_in(resource) if resource.type == "aws_vpc_security_group_ingress_rule"

lets_in(resource) if {
	resource.type == "aws_security_group_rule"
	known(resource).type == "ingress"
}

told(resource, line, words) := {
	"message": sprintf("%s is open to the internet: %s.", [resource.address, words]),
	"path": resource.path,
	"line": line,
	"fix": "Close it by default, and let the caller open it.",
}

lets_everybody_in(resource, line) := {
	"message": sprintf("%s is open to the internet: it lets everybody in.", [resource.address]),
	"path": resource.path,
	"line": line,
	"fix": "Close it by default, and let the caller open it.",
}
