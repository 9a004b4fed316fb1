output "id" {
  description = "The name of the bucket."
  value       = aws_s3_bucket.this.id

  # Whoever writes to the bucket should find it locked down already.
  depends_on = [aws_s3_bucket_policy.this, aws_s3_bucket_public_access_block.this]
}

output "arn" {
  description = "The ARN of the bucket."
  value       = aws_s3_bucket.this.arn
}

output "bucket_domain_name" {
  description = "The global domain name of the bucket."
  value       = aws_s3_bucket.this.bucket_domain_name
}

output "bucket_regional_domain_name" {
  description = "The domain name of the bucket in its region."
  value       = aws_s3_bucket.this.bucket_regional_domain_name
}

output "replication_role_arn" {
  description = "The ARN of the role that replicates, or null."
  value       = one(aws_iam_role.replication[*].arn)
}
