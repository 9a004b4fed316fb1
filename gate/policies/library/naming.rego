# Names that people can guess: of the module, its resources and its variables.
package terrasmith.naming

metadata := {"id": "naming", "title": "Names follow the house's pattern", "level": "advisory"}

deny contains {"message": sprintf("The module's name '%s' does not match %s.", [input.module.name, pattern])} if {
	pattern := data.settings.naming.modules
	input.module.name != ""
	not regex.match(pattern, input.module.name)
}

deny contains {
	"message": sprintf("The name of %s does not match %s.", [resource.address, pattern]),
	"path": resource.path,
	"line": resource.line,
} if {
	pattern := data.settings.naming.resources
	some resource in input.resources
	not regex.match(pattern, resource.name)
}

deny contains {
	"message": sprintf("The name of the variable '%s' does not match %s.", [variable.name, pattern]),
	"path": variable.path,
	"line": variable.line,
} if {
	pattern := data.settings.naming.variables
	some variable in input.interface.inputs
	not regex.match(pattern, variable.name)
}
