# Whoever uses the module can tag what it makes, and the tags that the house wants are there.
package terrasmith.required_tags

metadata := {"id": "required-tags", "title": "Resources can be tagged", "level": "advisory"}

taggable contains resource if {
	some resource in input.resources
	resource.mode == "managed"
	some name in ["tags", "labels"]
	name in object.keys(resource.lines)
}

deny contains {
	"message": sprintf("Resources are tagged, and there is no variable '%s' with which a caller adds tags.", [wanted]),
	"path": first.path,
	"line": first.line,
} if {
	wanted := data.settings.required_tags.variable
	first := [resource | some resource in taggable][0]
	every variable in input.interface.inputs {
		variable.name != wanted
		variable.name != "labels"
	}
}

# Of tags that are written out whole: what an expression holds, nobody knows here.
deny contains {
	"message": sprintf("%s has no tag '%s'.", [resource.address, key]),
	"path": resource.path,
	"line": resource.lines[name],
} if {
	some resource in taggable
	some name in ["tags", "labels"]
	is_object(resource.values[name])
	some key in data.settings.required_tags.keys
	not key in object.keys(resource.values[name])
}
