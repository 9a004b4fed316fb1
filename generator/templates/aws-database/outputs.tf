output "id" {
  description = "The name of the instance, which is its identifier."
  value       = aws_db_instance.this.identifier
}

output "arn" {
  description = "The ARN of the instance."
  value       = aws_db_instance.this.arn
}

output "resource_id" {
  description = "The id that IAM policies name for rds-db:connect."
  value       = aws_db_instance.this.resource_id
}

output "address" {
  description = "The host name to connect to."
  value       = aws_db_instance.this.address
}

output "port" {
  description = "The port to connect to."
  value       = aws_db_instance.this.port
}

output "database_name" {
  description = "The database that was created in the instance, or null."
  value       = var.database_name
}

output "master_secret_arn" {
  description = "The ARN of the secret that holds the master user's password."
  value       = one(aws_db_instance.this.master_user_secret[*].secret_arn)
}

output "security_group_id" {
  description = "The security group of the database."
  value       = aws_security_group.this.id
}

output "subnet_group_name" {
  description = "The subnet group of the database."
  value       = aws_db_subnet_group.this.name
}

output "parameter_group_name" {
  description = "The parameter group of the database."
  value       = aws_db_parameter_group.this.name
}

output "kms_key_arn" {
  description = "The KMS key of the database; null for the key that AWS manages for RDS."
  value       = local.kms_key_arn
}

output "log_group_names" {
  description = "The log groups of the engine."
  value       = [for group in aws_cloudwatch_log_group.this : group.name]
}
