# A version that nobody wrote down is another one tomorrow.
package terrasmith.version_pins

metadata := {"id": "version-pins", "title": "Versions are written down", "level": "advisory"}

deny contains {
	"message": sprintf("The provider '%s' has no version constraint.", [provider.source]),
	"path": provider.path,
	"line": provider.line,
	"fix": "Write the least version that has what the module uses, and what keeps out the next major one.",
} if {
	some provider in input.interface.providers
	provider.version == ""
}

deny contains {"message": "The module does not say which Terraform it needs.", "fix": "Set `required_version`."} if {
	input.interface.required_version == ""
}

deny contains {
	"message": sprintf("The call of '%s' has no version.", [call.source]),
	"path": call.path,
	"line": call.line,
	"fix": "Write the version, or a constraint that keeps out the next major one.",
} if {
	some call in input.calls
	is_string(call.source)
	not startswith(call.source, ".")
	not is_string(call.version)
}
