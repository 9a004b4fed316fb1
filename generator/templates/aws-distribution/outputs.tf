output "id" {
  description = "The id of the distribution, which invalidations name."
  value       = aws_cloudfront_distribution.this.id
}

output "arn" {
  description = "The ARN of the distribution."
  value       = aws_cloudfront_distribution.this.arn
}

output "domain_name" {
  description = "The name of the distribution under cloudfront.net, to which an alias record leads."
  value       = aws_cloudfront_distribution.this.domain_name
}

output "hosted_zone_id" {
  description = "The zone id that an alias record to the distribution needs."
  value       = aws_cloudfront_distribution.this.hosted_zone_id
}

output "bucket_policy" {
  description = "The policy, as JSON, that the bucket needs: this distribution may read its objects."
  value       = data.aws_iam_policy_document.bucket.json
}

output "response_headers_policy_id" {
  description = "The id of the policy that adds the security headers, or null."
  value       = one(aws_cloudfront_response_headers_policy.security[*].id)
}
