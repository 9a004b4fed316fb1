mock_provider "aws" {
  source = "./tests/mocks/aws"
}

variables {
  name          = "web"
  vpc_id        = "vpc-0123456789abcdef0"
  ingress_rules = {}
  public_ports  = []
  egress_rules  = {}
  https_egress  = false
}

run "is_closed" {
  command = apply

  assert {
    condition     = length(output.ingress_rule_ids) == 0 && length(output.egress_rule_ids) == 0 && length(aws_vpc_security_group_egress_rule.https) == 0
    error_message = "Nothing must come in or go out unless it is named."
  }

  assert {
    condition     = aws_security_group.this.vpc_id == "vpc-0123456789abcdef0" && aws_security_group.this.revoke_rules_on_delete && output.id != "" && output.arn != ""
    error_message = "The group must stand in its VPC."
  }
}

run "has_the_rules_that_are_named" {
  command = apply

  variables {
    ingress_rules = { https = { description = "From the load balancer.", from_port = 443, security_group_id = "sg-0123456789abcdef0" } }
    egress_rules  = { database = { description = "To the database.", from_port = 5432, to_port = 5433, cidr_ipv4 = "10.0.0.0/16" } }
    https_egress  = true
    public_ports  = [8443]
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.this["https"].referenced_security_group_id == "sg-0123456789abcdef0" && aws_vpc_security_group_ingress_rule.this["https"].to_port == 443 && aws_vpc_security_group_ingress_rule.this["https"].cidr_ipv4 == null
    error_message = "Only the security group that was named must come in, at its port."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.public["8443"].from_port == 8443 && aws_vpc_security_group_ingress_rule.public["8443"].to_port == 8443
    error_message = "A public port must be open alone."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.this["database"].cidr_ipv4 == "10.0.0.0/16" && aws_vpc_security_group_egress_rule.this["database"].to_port == 5433
    error_message = "What was named must go out."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.https[0].from_port == 443 && aws_vpc_security_group_egress_rule.https[0].to_port == 443 && aws_vpc_security_group_egress_rule.https[0].ip_protocol == "tcp"
    error_message = "HTTPS alone must go out to anywhere."
  }

  assert {
    condition     = length(output.ingress_rule_ids) == 2 && length(output.egress_rule_ids) == 2
    error_message = "The outputs must name every rule."
  }
}

run "refuses_the_whole_internet" {
  command = plan

  variables {
    ingress_rules = { all = { description = "All.", from_port = 443, cidr_ipv4 = "0.0.0.0/0" } }
  }

  expect_failures = [var.ingress_rules]
}

run "refuses_public_ssh" {
  command = plan

  variables {
    public_ports = [22]
  }

  expect_failures = [var.public_ports]
}

run "refuses_rules_with_no_or_two_ends" {
  command = plan

  variables {
    ingress_rules = { none = { description = "None.", from_port = 443 } }
    egress_rules  = { two = { description = "Two.", from_port = 443, cidr_ipv4 = "10.0.0.0/8", prefix_list_id = "pl-1" } }
  }

  expect_failures = [var.ingress_rules, var.egress_rules]
}

run "refuses_wrong_ports" {
  command = plan

  variables {
    ingress_rules = { back = { description = "Back.", from_port = 443, to_port = 80, cidr_ipv4 = "10.0.0.0/8" } }
    egress_rules  = { all = { description = "All.", protocol = "-1", from_port = 0, cidr_ipv4 = "10.0.0.0/8" } }
  }

  expect_failures = [var.ingress_rules, var.egress_rules]
}

run "refuses_wrong_values" {
  command = plan

  variables {
    name        = "sg-web"
    vpc_id      = "web"
    description = ""
  }

  expect_failures = [var.name, var.vpc_id, var.description]
}
