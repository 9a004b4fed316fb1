# The module says under which terms others may use it, and the house accepts those terms.
package terrasmith.licence

metadata := {"id": "licence", "title": "An accepted licence", "level": "advisory"}

deny contains {"message": "There is no LICENSE file.", "fix": "Add the text of a licence that the organisation accepts."} if {
	not is_string(input.module.licence_file)
}

deny contains {"message": "The licence is none that is known here.", "path": input.module.licence_file, "line": 1} if {
	is_string(input.module.licence_file)
	not is_string(input.module.licence)
}

deny contains {
	"message": sprintf("The organisation does not accept the licence %s.", [input.module.licence]),
	"path": input.module.licence_file,
	"line": 1,
} if {
	is_string(input.module.licence)
	not input.module.licence in data.settings.licences
}
