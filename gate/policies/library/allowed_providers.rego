# Only providers that the house knows, named from its list: `namespace/type`, or `namespace/*`.
package terrasmith.allowed_providers

metadata := {"id": "allowed-providers", "title": "Only allowed providers", "level": "soft"}

allowed(source) if {
	some pattern in data.settings.allowed_providers
	glob.match(pattern, ["/"], trim_prefix(lower(source), "registry.terraform.io/"))
}

deny contains {
	"message": sprintf("The provider '%s' is not on the organisation's list.", [provider.source]),
	"path": provider.path,
	"line": provider.line,
	"fix": "Use another one, or have it added to `allowed_providers` in the settings of the policies.",
} if {
	some provider in input.interface.providers
	not allowed(provider.source)
}
