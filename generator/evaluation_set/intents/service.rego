package intent

has(kind) if {
	some one in input.resources
	one.mode == "managed"
	one.type == kind
}

deny contains "there is no aws_ecs_service" if {
	not has("aws_ecs_service")
}

deny contains "there is no aws_ecs_task_definition" if {
	not has("aws_ecs_task_definition")
}

deny contains "there is no aws_lb" if {
	not has("aws_lb")
}

deny contains "there is no aws_lb_listener" if {
	not has("aws_lb_listener")
}
