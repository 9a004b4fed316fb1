output "arn" {
  description = "The ARN of the topic, which is its id."
  value       = aws_sns_topic.this.arn

  # Whoever publishes should find the topic locked down already.
  depends_on = [aws_sns_topic_policy.this]
}

output "name" {
  description = "The name of the topic, with the suffix of a FIFO topic."
  value       = aws_sns_topic.this.name
}

output "kms_key_id" {
  description = "The KMS key that encrypts the messages."
  value       = local.kms_key_id
}

output "subscription_arns" {
  description = "The ARNs of the subscriptions, by name."
  value       = { for name, subscription in aws_sns_topic_subscription.this : name => subscription.arn }
}
