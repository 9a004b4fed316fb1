package intent

has(kind) if {
	some one in input.resources
	one.mode == "managed"
	one.type == kind
}

deny contains "there is no aws_sqs_queue" if {
	not has("aws_sqs_queue")
}

deny contains "a dead-letter queue is made by default" if {
	some one in input.interface.inputs
	contains(one.name, "dead_letter")
	one.default == true
}
