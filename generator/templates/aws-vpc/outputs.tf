output "id" {
  description = "The id of the VPC."
  value       = aws_vpc.this.id
}

output "arn" {
  description = "The ARN of the VPC."
  value       = aws_vpc.this.arn
}

output "cidr_block" {
  description = "The IPv4 range of the VPC."
  value       = aws_vpc.this.cidr_block
}

output "public_subnet_ids" {
  description = "The ids of the public subnets by availability zone."
  value       = { for zone, subnet in aws_subnet.public : zone => subnet.id }
}

output "private_subnet_ids" {
  description = "The ids of the private subnets by availability zone."
  value       = { for zone, subnet in aws_subnet.private : zone => subnet.id }
}

output "private_route_table_ids" {
  description = "The ids of the private route tables by availability zone."
  value       = { for zone, table in aws_route_table.private : zone => table.id }
}

output "nat_public_ips" {
  description = "The addresses from which private subnets reach the internet, by availability zone."
  value       = { for zone, address in aws_eip.nat : zone => address.public_ip }
}

output "flow_log_group_name" {
  description = "The log group of the flow logs, or null."
  value       = one(aws_cloudwatch_log_group.flow_logs[*].name)
}
