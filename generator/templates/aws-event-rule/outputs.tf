output "name" {
  description = "The name of the rule."
  value       = aws_cloudwatch_event_rule.this.name
}

output "arn" {
  description = "The ARN of the rule."
  value       = aws_cloudwatch_event_rule.this.arn
}

output "target_ids" {
  description = "The ids of the targets, which are their names."
  value       = [for target in aws_cloudwatch_event_target.this : target.target_id]
}

output "policy_statements" {
  description = "What the policies of queues and topics must allow, as JSON by target, for those that somebody else keeps."
  value       = { for name, statement in local.statements : name => jsonencode(statement) }
}

output "event_bus_name" {
  description = "The bus on which the rule listens."
  value       = local.bus_name
}

output "event_bus_arn" {
  description = "The ARN of the bus that was created, or null."
  value       = one(aws_cloudwatch_event_bus.this[*].arn)
}

output "archive_arn" {
  description = "The ARN of the archive, or null."
  value       = one(aws_cloudwatch_event_archive.this[*].arn)
}

output "dead_letter_queue_url" {
  description = "The URL of the dead-letter queue, or null."
  value       = one(aws_sqs_queue.dead_letter[*].id)
}

output "dead_letter_queue_arn" {
  description = "The ARN of the dead-letter queue, or null."
  value       = one(aws_sqs_queue.dead_letter[*].arn)
}
