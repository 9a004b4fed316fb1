# What is stored is encrypted unless a caller says otherwise. By literal values and plain defaults alone.
package terrasmith.encryption

metadata := {"id": "encryption", "title": "Stored data is encrypted", "level": "soft"}

flag(resource) := data.settings.encryption.flags[resource.type]

deny contains {
	"message": sprintf("%s is not encrypted: '%s' is not set.", [resource.address, flag(resource)]),
	"path": resource.path,
	"line": resource.line,
	"fix": sprintf("Set %s = true, or take it from a variable whose default is true.", [flag(resource)]),
} if {
	some resource in input.resources
	resource.mode == "managed"
	not flag(resource) in object.keys(resource.lines)
	flag(resource) != ""
}

deny contains {
	"message": sprintf("%s is not encrypted by default: '%s' is false.", [resource.address, name]),
	"path": resource.path,
	"line": resource.lines[name],
	"fix": sprintf("Set %s = true, or take it from a variable whose default is true.", [name]),
} if {
	some resource in input.resources
	resource.mode == "managed"
	name := flag(resource)
	known := object.union(resource.defaults, resource.values)
	known[name] == false
}
