package intent

has(kind) if {
	some one in input.resources
	one.mode == "managed"
	one.type == kind
}

deny contains "there is no aws_vpc" if {
	not has("aws_vpc")
}

deny contains "there is no aws_subnet" if {
	not has("aws_subnet")
}

deny contains "there is no aws_internet_gateway" if {
	not has("aws_internet_gateway")
}
