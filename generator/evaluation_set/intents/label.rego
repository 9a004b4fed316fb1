package intent

has(kind) if {
	some one in input.resources
	one.mode == "managed"
	one.type == kind
}

deny contains "a name is an output" if {
	not output_like("id")
	not output_like("name")
}

output_like(name) if {
	some one in input.interface.outputs
	contains(one.name, name)
}

deny contains "it must need no provider" if {
	count(input.interface.providers) > 0
}
