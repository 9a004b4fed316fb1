# Nothing is written down for a region where the house has nothing. Without a list, any will do.
package terrasmith.allowed_regions

metadata := {"id": "allowed-regions", "title": "Only allowed regions", "level": "soft"}

names := {"region", "location", "aws_region"}

# A zone such as eu-central-1a, or us-east1-b, lies in its region.
allowed(place) if {
	some region in data.settings.allowed_regions
	startswith(lower(place), lower(region))
}

written contains {"place": value, "path": block.path, "line": block.lines[name]} if {
	some block in array.concat(input.resources, input.provider_blocks)
	some name in names
	value := block.values[name]
	is_string(value)
}

written contains {"place": variable["default"], "path": variable.path, "line": variable.line} if {
	some variable in input.interface.inputs
	variable.name in names
	is_string(variable["default"])
}

deny contains {
	"message": sprintf("The region '%s' is not on the organisation's list.", [one.place]),
	"path": one.path,
	"line": one.line,
	"fix": "Take the region from the caller, or name one of the list.",
} if {
	count(data.settings.allowed_regions) > 0
	some one in written
	not allowed(one.place)
}
