mock_provider "aws" {
  source = "./tests/mocks/aws"
}

variables {
  name           = "test"
  cidr_block     = "10.0.0.0/16"
  zone_count     = 3
  public_subnets = true
  nat_gateways   = "one"
  flow_logs      = false
}

run "spreads_subnets_over_zones" {
  command = apply

  assert {
    condition     = keys(output.private_subnet_ids) == ["us-east-1a", "us-east-1b", "us-east-1c"] && length(output.public_subnet_ids) == 3
    error_message = "Every zone must have a private and a public subnet."
  }

  assert {
    condition     = aws_subnet.private["us-east-1a"].cidr_block == "10.0.0.0/20" && aws_subnet.public["us-east-1a"].cidr_block == "10.0.128.0/20"
    error_message = "Private subnets must take the lower half of the range, public ones the upper."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.public : !subnet.map_public_ip_on_launch])
    error_message = "No machine must get a public address by itself."
  }

  assert {
    condition     = alltrue([for zone, subnet in merge(aws_subnet.private, {}) : subnet.availability_zone == zone])
    error_message = "Each subnet must lie in its zone."
  }

  assert {
    condition     = aws_vpc.this.enable_dns_support && aws_vpc.this.enable_dns_hostnames
    error_message = "Names must resolve."
  }

  assert {
    condition     = length(coalesce(aws_default_security_group.this.ingress, [])) == 0 && length(coalesce(aws_default_security_group.this.egress, [])) == 0
    error_message = "The default security group must let nothing through."
  }

  assert {
    condition     = length(output.nat_public_ips) == 1 && length(aws_route.nat) == 3
    error_message = "One NAT gateway must serve every private subnet."
  }

  assert {
    condition     = alltrue([for route in aws_route.nat : route.nat_gateway_id == one(values(aws_nat_gateway.this)).id && route.gateway_id == null])
    error_message = "Private subnets must reach the internet through the NAT gateway alone."
  }

  assert {
    condition     = output.flow_log_group_name == null && length(aws_flow_log.this) == 0
    error_message = "Flow logs must be off until they are asked for."
  }

  assert {
    condition     = output.id != "" && output.cidr_block == "10.0.0.0/16"
    error_message = "The outputs must name the VPC."
  }
}

run "has_a_nat_gateway_in_each_zone" {
  command = plan

  variables {
    nat_gateways = "per_zone"
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 3 && length(aws_eip.nat) == 3
    error_message = "Every zone must have its NAT gateway."
  }
}

run "works_without_nat" {
  command = plan

  variables {
    nat_gateways = "none"
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 0 && length(aws_route.nat) == 0
    error_message = "There must be no NAT gateway and no route to one."
  }
}

run "can_be_private_only" {
  command = apply

  variables {
    public_subnets = false
    nat_gateways   = "none"
  }

  assert {
    condition     = length(aws_internet_gateway.this) == 0 && length(output.public_subnet_ids) == 0 && length(output.private_subnet_ids) == 3
    error_message = "There must be private subnets and nothing public."
  }
}

run "writes_flow_logs" {
  command = apply

  variables {
    flow_logs                = true
    flow_logs_retention_days = 30
  }

  assert {
    condition     = aws_flow_log.this[0].traffic_type == "ALL" && aws_cloudwatch_log_group.flow_logs[0].retention_in_days == 30
    error_message = "All traffic must be logged, and kept as long as was asked."
  }

  assert {
    condition     = alltrue([for one in data.aws_iam_policy_document.flow_logs[0].statement : !contains(one.actions, "*") && !contains(one.resources, "*")])
    error_message = "The role must write to its own log group and do no more."
  }
}

run "refuses_nat_without_public_subnets" {
  command = plan

  variables {
    public_subnets = false
  }

  expect_failures = [aws_vpc.this]
}

run "refuses_more_zones_than_there_are" {
  command = plan

  variables {
    zone_count = 4
  }

  expect_failures = [aws_vpc.this]
}

run "refuses_wrong_values" {
  command = plan

  variables {
    name                     = "-test"
    nat_gateways             = "two"
    flow_logs_retention_days = 2
    flow_logs_kms_key_arn    = "my-key"
  }

  expect_failures = [
    var.name,
    var.nat_gateways,
    var.flow_logs_retention_days,
    var.flow_logs_kms_key_arn,
  ]
}

run "refuses_a_range_that_is_too_small" {
  command = plan

  variables {
    cidr_block = "10.0.0.0/28"
  }

  expect_failures = [var.cidr_block]
}

run "refuses_no_zones" {
  command = plan

  variables {
    zone_count = 0
  }

  expect_failures = [var.zone_count]
}

run "refuses_no_subnet_bits" {
  command = plan

  variables {
    subnet_bits = 0
  }

  expect_failures = [var.subnet_bits]
}
