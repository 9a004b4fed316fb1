output "id" {
  description = "The ARN of the service, which is its id."
  value       = aws_ecs_service.this.id
}

output "name" {
  description = "The name of the service."
  value       = aws_ecs_service.this.name
}

output "task_definition_arn" {
  description = "The ARN of the task definition, with its revision."
  value       = aws_ecs_task_definition.this.arn
}

output "task_role_arn" {
  description = "The ARN of the role of the containers."
  value       = aws_iam_role.task.arn
}

output "task_role_name" {
  description = "The name of the role of the containers, to which policies are attached."
  value       = aws_iam_role.task.name
}

output "security_group_id" {
  description = "The id of the tasks' security group, for rules of what they reach and of who reaches them."
  value       = aws_security_group.task.id
}

output "log_group_name" {
  description = "The name of the log group of the containers."
  value       = aws_cloudwatch_log_group.this.name
}

output "load_balancer_arn" {
  description = "The ARN of the load balancer, or null."
  value       = one(aws_lb.this[*].arn)
}

output "load_balancer_dns_name" {
  description = "The domain name of the load balancer, to which an alias record leads, or null."
  value       = one(aws_lb.this[*].dns_name)
}

output "load_balancer_zone_id" {
  description = "The zone id that such an alias record needs, or null."
  value       = one(aws_lb.this[*].zone_id)
}

output "target_group_arn" {
  description = "The ARN of the target group, or null."
  value       = one(aws_lb_target_group.this[*].arn)
}

output "discovery_arn" {
  description = "The ARN of the service in Cloud Map, or null."
  value       = one(aws_service_discovery_service.this[*].arn)
}
