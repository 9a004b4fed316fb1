mock_provider "aws" {
  source = "./tests/mocks/aws"
}

variables {
  name          = "example.org"
  vpcs          = {}
  force_destroy = false
  records       = {}
  health_checks = {}
  dnssec        = false
  query_logging = false
}

run "is_public_and_hard_to_lose" {
  command = apply

  assert {
    condition     = aws_route53_zone.this.name == "example.org" && !aws_route53_zone.this.force_destroy && length(aws_route53_zone.this.vpc) == 0
    error_message = "The zone must be public, and must not be destroyed while it holds records."
  }

  assert {
    condition     = length(aws_route53_record.entry) == 0 && length(aws_route53_health_check.endpoint) == 0
    error_message = "There must be no record and no health check until they are asked for."
  }

  assert {
    condition     = length(aws_kms_key.signing) == 0 && length(aws_route53_query_log.queries) == 0
    error_message = "Signing and logging must be off until they are asked for."
  }

  assert {
    condition     = output.id == "Z0123456789ABCDEFGHIJ" && output.arn != "" && output.name == "example.org" && output.name_servers != null
    error_message = "The outputs must name the zone."
  }

  assert {
    condition     = output.ds_record == null && output.signing_key_arn == null && output.query_log_group_name == null
    error_message = "The outputs of what is off must be null."
  }
}

run "is_private" {
  command = plan

  variables {
    vpcs = {
      main  = { vpc_id = "vpc-0123456789abcdef0" }
      other = { vpc_id = "vpc-0123456789abcdef1", region = "eu-central-1" }
    }
  }

  assert {
    condition     = toset(aws_route53_zone.this.vpc[*].vpc_id) == toset(["vpc-0123456789abcdef0", "vpc-0123456789abcdef1"])
    error_message = "A private zone must answer the VPCs that were named."
  }
}

run "is_signed" {
  command = apply

  variables {
    dnssec = true
  }

  assert {
    condition     = aws_route53_hosted_zone_dnssec.zone[0].signing_status == "SIGNING" && aws_route53_key_signing_key.zone[0].status == "ACTIVE"
    error_message = "The zone must be signed with an active key."
  }

  assert {
    condition     = aws_route53_key_signing_key.zone[0].key_management_service_arn == aws_kms_key.signing[0].arn && output.signing_key_arn == aws_kms_key.signing[0].arn && output.ds_record != null
    error_message = "The zone must be signed with the module's key, and its DS record handed on."
  }

  assert {
    condition     = aws_kms_key.signing[0].customer_master_key_spec == "ECC_NIST_P256" && aws_kms_key.signing[0].key_usage == "SIGN_VERIFY" && aws_kms_key.signing[0].deletion_window_in_days == 30
    error_message = "The key must be of the kind that Route 53 takes, and hard to lose."
  }

  assert {
    condition     = alltrue([for one in jsondecode(aws_kms_key.signing[0].policy).Statement : one.Principal == { AWS = "arn:aws:iam::123456789012:root" } || try(one.Condition.StringEquals["aws:SourceAccount"], "") == "123456789012"])
    error_message = "Only the account itself, and Route 53 for this account, may use the key."
  }

  assert {
    condition     = toset(flatten([for one in jsondecode(aws_kms_key.signing[0].policy).Statement : one.Action if one.Sid != "Account"])) == toset(["kms:CreateGrant", "kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"])
    error_message = "Route 53 may do with the key what signing needs and no more."
  }
}

run "logs_queries" {
  command = apply

  variables {
    query_logging            = true
    query_log_retention_days = 90
    query_log_kms_key_arn    = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
  }

  assert {
    condition     = aws_route53_query_log.queries[0].cloudwatch_log_group_arn == aws_cloudwatch_log_group.queries[0].arn && output.query_log_group_name == "/aws/route53/example.org"
    error_message = "Queries must be logged to the module's log group."
  }

  assert {
    condition     = aws_cloudwatch_log_group.queries[0].retention_in_days == 90 && aws_cloudwatch_log_group.queries[0].kms_key_id == var.query_log_kms_key_arn
    error_message = "The log group must keep the queries as long as was asked, encrypted with the key that was named."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_log_resource_policy.queries[0].policy_document).Statement[0].Condition.ArnLike["aws:SourceArn"] == aws_route53_zone.this.arn && jsondecode(aws_cloudwatch_log_resource_policy.queries[0].policy_document).Statement[0].Principal.Service == "route53.amazonaws.com"
    error_message = "Only Route 53, and for this zone, may write the logs."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_log_resource_policy.queries[0].policy_document).Statement[0].Resource == "${aws_cloudwatch_log_group.queries[0].arn}:*"
    error_message = "Route 53 may write into this log group only."
  }
}

run "fails_over" {
  command = apply

  variables {
    health_checks = { main = { fqdn = "main.example.net", path = "/up" } }
    records = {
      main  = { name = "www", type = "CNAME", values = ["main.example.net"], failover = "PRIMARY", health_check = "main" }
      spare = { name = "www", type = "CNAME", values = ["spare.example.net"], failover = "SECONDARY" }
    }
  }

  assert {
    condition     = aws_route53_record.entry["main"].health_check_id == aws_route53_health_check.endpoint["main"].id && output.health_check_ids["main"] == aws_route53_health_check.endpoint["main"].id
    error_message = "The primary record must have its health check."
  }

  assert {
    condition     = one(aws_route53_record.entry["main"].failover_routing_policy).type == "PRIMARY" && one(aws_route53_record.entry["spare"].failover_routing_policy).type == "SECONDARY"
    error_message = "The records must fail over from the primary to the secondary."
  }

  assert {
    condition     = aws_route53_record.entry["main"].set_identifier == "main" && aws_route53_record.entry["main"].name == "www.example.org" && toset(keys(output.record_names)) == toset(["main", "spare"])
    error_message = "Both records must have the same name, and each an identifier."
  }

  assert {
    condition     = aws_route53_health_check.endpoint["main"].type == "HTTPS" && aws_route53_health_check.endpoint["main"].resource_path == "/up" && aws_route53_health_check.endpoint["main"].failure_threshold == 3
    error_message = "The health check must call over TLS what was named."
  }
}

run "makes_records" {
  command = plan

  variables {
    health_checks = { socket = { fqdn = "db.example.net", type = "TCP", port = 5432 } }
    records = {
      mail = { type = "MX", ttl = 3600, values = ["10 mail.example.net"] }
      site = { name = "site", type = "A", alias = { name = "d111111abcdef8.cloudfront.net", zone_id = "Z2FDTNDATAQYW2" } }
    }
  }

  assert {
    condition     = aws_route53_record.entry["mail"].name == "example.org" && aws_route53_record.entry["mail"].ttl == 3600 && aws_route53_record.entry["mail"].records == toset(["10 mail.example.net"])
    error_message = "A record without a name must be one of the domain itself."
  }

  assert {
    condition     = one(aws_route53_record.entry["site"].alias).name == "d111111abcdef8.cloudfront.net" && one(aws_route53_record.entry["site"].alias).evaluate_target_health
    error_message = "An alias must lead to its target while that is healthy."
  }

  assert {
    condition     = aws_route53_health_check.endpoint["socket"].resource_path == null && aws_route53_health_check.endpoint["socket"].port == 5432
    error_message = "A TCP check has a port and no path."
  }
}

run "refuses_to_sign_a_private_zone" {
  command = plan

  variables {
    vpcs   = { main = { vpc_id = "vpc-0123456789abcdef0" } }
    dnssec = true
  }

  expect_failures = [aws_route53_zone.this]
}

run "refuses_another_region" {
  command = plan

  variables {
    query_logging = true
  }

  override_data {
    target = data.aws_region.current
    values = { id = "eu-central-1", name = "eu-central-1" }
  }

  expect_failures = [aws_route53_zone.this]
}

run "refuses_a_primary_that_nothing_watches" {
  command = plan

  variables {
    records = { main = { name = "www", type = "CNAME", values = ["main.example.net"], failover = "PRIMARY" } }
  }

  expect_failures = [aws_route53_record.entry["main"]]
}

run "refuses_a_wrong_name" {
  command = plan

  variables {
    name = "Example.org."
  }

  expect_failures = [var.name]
}

run "refuses_a_long_comment" {
  command = plan

  variables {
    comment = join("", [for _ in range(257) : "x"])
  }

  expect_failures = [var.comment]
}

run "refuses_what_is_no_vpc" {
  command = plan

  variables {
    vpcs = { main = { vpc_id = "main" } }
  }

  expect_failures = [var.vpcs]
}

run "refuses_an_unknown_type" {
  command = plan

  variables {
    records = { main = { type = "a", values = ["192.0.2.1"] } }
  }

  expect_failures = [var.records]
}

run "refuses_a_record_of_nothing" {
  command = plan

  variables {
    records = { main = { type = "A" } }
  }

  expect_failures = [var.records]
}

run "refuses_a_ttl_below_zero" {
  command = plan

  variables {
    records = { main = { type = "A", values = ["192.0.2.1"], ttl = -1 } }
  }

  expect_failures = [var.records]
}

run "refuses_an_unknown_failover" {
  command = plan

  variables {
    records = { main = { type = "A", values = ["192.0.2.1"], failover = "primary" } }
  }

  expect_failures = [var.records]
}

run "refuses_an_unknown_health_check" {
  command = plan

  variables {
    health_checks = { main = { fqdn = "main.example.net", type = "PING" } }
  }

  expect_failures = [var.health_checks]
}

run "refuses_a_health_check_without_a_port" {
  command = plan

  variables {
    health_checks = { main = { fqdn = "main.example.net", port = 0 } }
  }

  expect_failures = [var.health_checks]
}

run "refuses_a_health_check_that_never_fails" {
  command = plan

  variables {
    health_checks = { main = { fqdn = "main.example.net", failure_threshold = 11 } }
  }

  expect_failures = [var.health_checks]
}

run "refuses_an_odd_retention" {
  command = plan

  variables {
    query_log_retention_days = 100
  }

  expect_failures = [var.query_log_retention_days]
}

run "refuses_a_key_that_is_no_arn" {
  command = plan

  variables {
    query_log_kms_key_arn = "my-key"
  }

  expect_failures = [var.query_log_kms_key_arn]
}
