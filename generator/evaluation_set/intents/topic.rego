package intent

has(kind) if {
	some one in input.resources
	one.mode == "managed"
	one.type == kind
}

deny contains "there is no aws_sns_topic" if {
	not has("aws_sns_topic")
}
