mock_provider "aws" {
  source = "./tests/mocks/aws"
}

variables {
  name                 = "acme-test"
  versioning           = true
  encryption_algorithm = "AES256"
  expire_after_days    = null
  force_destroy        = false
  replication          = null
}

run "is_private_and_encrypted" {
  command = apply

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "Public access must be blocked in all four ways."
  }

  assert {
    condition     = one(aws_s3_bucket_ownership_controls.this.rule).object_ownership == "BucketOwnerEnforced"
    error_message = "ACLs must be off."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "Objects must be encrypted."
  }

  assert {
    condition     = one(aws_s3_bucket_versioning.this.versioning_configuration).status == "Enabled"
    error_message = "Versioning must follow its variable."
  }

  assert {
    condition     = !aws_s3_bucket.this.force_destroy
    error_message = "A bucket that holds objects must not be destroyed unless that is asked for."
  }

  assert {
    condition     = length(aws_s3_bucket_logging.this) == 0 && length(aws_s3_bucket_replication_configuration.this) == 0
    error_message = "Logging and replication must be off until they are asked for."
  }

  assert {
    condition     = output.id != "" && output.arn == "arn:aws:s3:::mock-bucket" && output.replication_role_arn == null
    error_message = "The outputs must name the bucket."
  }
}

run "refuses_plain_http_and_old_tls" {
  command = plan

  assert {
    condition     = toset(data.aws_iam_policy_document.this.statement[*].sid) == toset(["DenyPlainHttp", "DenyOldTls"])
    error_message = "The policy must refuse plain HTTP and old TLS."
  }

  assert {
    condition     = alltrue([for one in data.aws_iam_policy_document.this.statement : one.effect == "Deny"])
    error_message = "The policy must allow nobody anything."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.this.statement[0].condition).variable == "aws:SecureTransport" && one(data.aws_iam_policy_document.this.statement[0].condition).values == tolist(["false"])
    error_message = "What does not come over TLS must be refused."
  }
}

run "suspends_versioning" {
  command = plan

  variables {
    versioning = false
  }

  assert {
    condition     = one(aws_s3_bucket_versioning.this.versioning_configuration).status == "Suspended"
    error_message = "Versioning must follow its variable."
  }
}

run "encrypts_with_kms" {
  command = plan

  variables {
    encryption_algorithm = "aws:kms"
    kms_key_arn          = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).bucket_key_enabled
    error_message = "A bucket key must save calls to KMS."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).kms_master_key_id == var.kms_key_arn
    error_message = "The key that was named must be used."
  }
}

run "expires_objects" {
  command = plan

  variables {
    expire_after_days = 90
    lifecycle_rules = {
      reports = {
        prefix            = "reports/"
        transitions       = { GLACIER = 30 }
        expire_after_days = 365
      }
    }
  }

  assert {
    condition     = toset(aws_s3_bucket_lifecycle_configuration.this.rule[*].id) == toset(["abort-incomplete-uploads", "expire", "reports"])
    error_message = "Every lifecycle rule must be there."
  }

  assert {
    condition     = one([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.expiration[0].days if rule.id == "expire"]) == 90 && one([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : rule.expiration[0].days if rule.id == "reports"]) == 365
    error_message = "Objects must expire after the days that were asked for."
  }
}

run "writes_access_logs" {
  command = plan

  variables {
    logging = { bucket = "acme-logs" }
  }

  assert {
    condition     = aws_s3_bucket_logging.this[0].target_bucket == "acme-logs"
    error_message = "Access logs must go to the bucket that was named."
  }
}

run "replicates" {
  command = apply

  variables {
    replication = { destination_bucket_arn = "arn:aws:s3:::acme-replica" }
  }

  assert {
    condition     = one(aws_s3_bucket_replication_configuration.this[0].rule[0].destination).bucket == "arn:aws:s3:::acme-replica"
    error_message = "Objects must go to the destination that was named."
  }

  assert {
    condition     = aws_s3_bucket_replication_configuration.this[0].rule[0].status == "Enabled"
    error_message = "Replication must be on."
  }

  assert {
    condition     = alltrue([for one in data.aws_iam_policy_document.replication[0].statement : !contains(one.actions, "*") && !contains(one.resources, "*")])
    error_message = "The role must be allowed what replication needs and no more."
  }

  assert {
    condition     = output.replication_role_arn == "arn:aws:iam::123456789012:role/mock"
    error_message = "Replication must have its role."
  }
}

run "refuses_replication_without_versioning" {
  command = plan

  variables {
    versioning  = false
    replication = { destination_bucket_arn = "arn:aws:s3:::acme-replica" }
  }

  expect_failures = [aws_s3_bucket_versioning.this]
}

run "refuses_kms_replication_without_a_key" {
  command = plan

  variables {
    encryption_algorithm = "aws:kms"
    replication          = { destination_bucket_arn = "arn:aws:s3:::acme-replica" }
  }

  expect_failures = [aws_s3_bucket_replication_configuration.this]
}

run "refuses_a_wrong_name" {
  command = plan

  variables {
    name = "Not_A_Bucket"
  }

  expect_failures = [var.name]
}

run "refuses_an_unknown_algorithm" {
  command = plan

  variables {
    encryption_algorithm = "DES"
  }

  expect_failures = [var.encryption_algorithm]
}

run "refuses_a_key_that_is_no_arn" {
  command = plan

  variables {
    kms_key_arn = "my-key"
  }

  expect_failures = [var.kms_key_arn]
}

run "refuses_a_policy_that_is_no_json" {
  command = plan

  variables {
    policy = "allow all"
  }

  expect_failures = [var.policy]
}

run "refuses_expiry_after_no_days" {
  command = plan

  variables {
    expire_after_days = 0
  }

  expect_failures = [var.expire_after_days]
}

run "refuses_a_rule_without_effect" {
  command = plan

  variables {
    lifecycle_rules = { nothing = {} }
  }

  expect_failures = [var.lifecycle_rules]
}

run "refuses_a_destination_that_is_no_bucket" {
  command = plan

  variables {
    replication = { destination_bucket_arn = "acme-replica" }
  }

  expect_failures = [var.replication]
}
