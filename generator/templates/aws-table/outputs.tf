output "name" {
  description = "The name of the table, which is its id."
  value       = aws_dynamodb_table.this.name
}

output "arn" {
  description = "The ARN of the table."
  value       = aws_dynamodb_table.this.arn
}

output "index_arns" {
  description = "The ARNs of the indexes by name, for the policies of those who may query them."
  value       = { for name in concat(keys(var.global_secondary_indexes), keys(var.local_secondary_indexes)) : name => "${aws_dynamodb_table.this.arn}/index/${name}" }
}

output "stream_arn" {
  description = "The ARN of the stream, or null."
  value       = local.stream_view_type == null ? null : aws_dynamodb_table.this.stream_arn
}

output "kms_key_arn" {
  description = "The KMS key of the table; null for the key that AWS manages for DynamoDB."
  value       = local.kms_key_arn
}
