output "id" {
  description = "The URL of the queue, which is its id."
  value       = aws_sqs_queue.this.id

  # Whoever sends should find the queue locked down already.
  depends_on = [aws_sqs_queue_policy.this]
}

output "arn" {
  description = "The ARN of the queue."
  value       = aws_sqs_queue.this.arn
}

output "name" {
  description = "The name of the queue, with the suffix of a FIFO queue."
  value       = aws_sqs_queue.this.name
}

output "dead_letter_queue_url" {
  description = "The URL of the dead-letter queue, or null."
  value       = one(aws_sqs_queue.dead_letter[*].id)
}

output "dead_letter_queue_arn" {
  description = "The ARN of the dead-letter queue, or null."
  value       = one(aws_sqs_queue.dead_letter[*].arn)
}
