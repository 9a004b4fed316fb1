package intent

has(kind) if {
	some one in input.resources
	one.mode == "managed"
	one.type == kind
}

deny contains "there is no aws_sqs_queue" if {
	not has("aws_sqs_queue")
}

set(name, value) if {
	some one in input.interface.inputs
	one.name == name
	one.default == value
}

written(name, value) if {
	some one in input.resources
	one.type == "aws_sqs_queue"
	one.values[name] == value
}

fifo if set("fifo", true)

fifo if set("fifo_queue", true)

fifo if written("fifo_queue", true)

deny contains "the queue is not FIFO by default" if {
	not fifo
}
