output "id" {
  description = "The id of the zone."
  value       = aws_route53_zone.this.zone_id
}

output "arn" {
  description = "The ARN of the zone."
  value       = aws_route53_zone.this.arn
}

output "name" {
  description = "The name of the zone."
  value       = aws_route53_zone.this.name
}

output "name_servers" {
  description = "The name servers to enter where the domain is registered."
  value       = aws_route53_zone.this.name_servers
}

output "record_names" {
  description = "The full name of each record, by the key it has in records."
  value       = { for key, record in aws_route53_record.entry : key => record.fqdn }
}

output "health_check_ids" {
  description = "The id of each health check, by the key it has in health_checks."
  value       = { for key, check in aws_route53_health_check.endpoint : key => check.id }
}

output "ds_record" {
  description = "The DS record to enter in the parent zone, which makes DNSSEC effective, or null."
  value       = one(aws_route53_key_signing_key.zone[*].ds_record)
}

output "signing_key_arn" {
  description = "The ARN of the KMS key that signs the zone's keys, or null."
  value       = one(aws_kms_key.signing[*].arn)
}

output "query_log_group_name" {
  description = "The name of the log group that takes the queries, or null."
  value       = one(aws_cloudwatch_log_group.queries[*].name)
}
