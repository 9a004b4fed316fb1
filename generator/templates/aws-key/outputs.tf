output "arn" {
  description = "The ARN of the key."
  value       = aws_kms_key.this.arn
}

output "key_id" {
  description = "The id of the key."
  value       = aws_kms_key.this.key_id
}

output "alias_name" {
  description = "The alias of the key, with alias/ in front."
  value       = aws_kms_alias.this.name
}

output "alias_arn" {
  description = "The ARN of the alias."
  value       = aws_kms_alias.this.arn
}
