output "id" {
  description = "The id of the security group."
  value       = aws_security_group.this.id
}

output "arn" {
  description = "The ARN of the security group."
  value       = aws_security_group.this.arn
}

output "ingress_rule_ids" {
  description = "The ids of the rules for what comes in, by name; public ones by port."
  value = merge(
    { for name, rule in aws_vpc_security_group_ingress_rule.this : name => rule.id },
    { for port, rule in aws_vpc_security_group_ingress_rule.public : port => rule.id },
  )
}

output "egress_rule_ids" {
  description = "The ids of the rules for what goes out, by name."
  value = merge(
    { for name, rule in aws_vpc_security_group_egress_rule.this : name => rule.id },
    var.https_egress ? { https = aws_vpc_security_group_egress_rule.https[0].id } : {},
  )
}
