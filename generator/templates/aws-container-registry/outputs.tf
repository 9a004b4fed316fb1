output "arn" {
  description = "The ARN of the repository."
  value       = aws_ecr_repository.this.arn
}

output "name" {
  description = "The name of the repository."
  value       = aws_ecr_repository.this.name
}

output "repository_url" {
  description = "Where images are pushed to and pulled from, without a tag."
  value       = aws_ecr_repository.this.repository_url
}

output "registry_id" {
  description = "The account whose registry holds the repository."
  value       = aws_ecr_repository.this.registry_id
}

output "kms_key_arn" {
  description = "The KMS key of the images; null for the key that AWS manages for ECR."
  value       = var.customer_key ? aws_kms_key.this[0].arn : var.kms_key_arn
}
