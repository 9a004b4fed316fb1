mock_provider "aws" {
  source = "./tests/mocks/aws"
}

variables {
  name                 = "acme/orders"
  key_spec             = "SYMMETRIC_DEFAULT"
  key_usage            = "ENCRYPT_DECRYPT"
  rotation             = true
  rotation_days        = 365
  multi_region         = false
  deletion_window_days = 30
  administrator_arns   = []
  user_arns            = []
  services             = []
}

run "rotates_and_is_slow_to_delete" {
  command = apply

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.rotation_period_in_days == 365 && aws_kms_key.this.deletion_window_in_days == 30
    error_message = "The key must be rotated every year, and stay 30 days when it is deleted."
  }

  assert {
    condition     = aws_kms_key.this.customer_master_key_spec == "SYMMETRIC_DEFAULT" && aws_kms_key.this.key_usage == "ENCRYPT_DECRYPT" && !aws_kms_key.this.multi_region
    error_message = "The key must be symmetric, encrypt, and stay in its region."
  }

  assert {
    condition     = aws_kms_key.this.description == "The key acme/orders."
    error_message = "The key must be described by its name where nothing else is said."
  }

  assert {
    condition     = output.alias_name == "alias/acme/orders" && output.arn == aws_kms_key.this.arn && output.key_id == aws_kms_key.this.key_id && output.alias_arn == aws_kms_alias.this.arn
    error_message = "The outputs must describe the key and its alias."
  }

  assert {
    condition     = aws_kms_alias.this.target_key_id == aws_kms_key.this.key_id
    error_message = "The alias must lead to the key."
  }
}

run "leaves_the_account_in_charge_alone" {
  command = apply

  assert {
    condition     = length(jsondecode(aws_kms_key.this.policy).Statement) == 1
    error_message = "Nobody else may be named unless asked."
  }

  assert {
    condition     = jsondecode(aws_kms_key.this.policy).Statement[0].Principal.AWS[0] == "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"
    error_message = "The account must govern its key."
  }
}

run "names_who_may_govern_and_who_may_use_it" {
  command = apply

  variables {
    administrator_arns = ["arn:aws:iam::123456789012:role/security"]
    user_arns          = ["arn:aws:iam::123456789012:role/orders", "arn:aws:iam::210987654321:root"]
  }

  assert {
    condition     = jsondecode(aws_kms_key.this.policy).Statement[1].Principal.AWS == ["arn:aws:iam::123456789012:role/security"] && length([for action in jsondecode(aws_kms_key.this.policy).Statement[1].Action : action if can(regex("^kms:(\\*|Decrypt|Encrypt|Sign|CreateGrant|Generate)", action))]) == 0
    error_message = "Administrators must govern the key and not use it."
  }

  assert {
    condition     = jsondecode(aws_kms_key.this.policy).Statement[2].Principal.AWS == ["arn:aws:iam::123456789012:role/orders", "arn:aws:iam::210987654321:root"] && contains(jsondecode(aws_kms_key.this.policy).Statement[2].Action, "kms:Decrypt") && !contains(jsondecode(aws_kms_key.this.policy).Statement[2].Action, "kms:*")
    error_message = "Users must use the key and not govern it."
  }

  assert {
    condition     = jsondecode(aws_kms_key.this.policy).Statement[3].Condition.Bool["kms:GrantIsForAWSResource"] == "true" && length(jsondecode(aws_kms_key.this.policy).Statement) == 4
    error_message = "Users may hand the key to AWS services only."
  }
}

run "serves_services_of_the_account_alone" {
  command = apply

  variables {
    services = ["logs.amazonaws.com", "delivery.logs.amazonaws.com"]
  }

  assert {
    condition     = jsondecode(aws_kms_key.this.policy).Statement[1].Condition.StringEquals["aws:SourceAccount"] == data.aws_caller_identity.current.account_id && jsondecode(aws_kms_key.this.policy).Statement[1].Sid == "AllowDeliveryLogs"
    error_message = "Services must be let in for this account alone."
  }

  assert {
    condition     = jsondecode(aws_kms_key.this.policy).Statement[2].Principal.Service == ["logs.${data.aws_region.current.name}.amazonaws.com"] && strcontains(jsondecode(aws_kms_key.this.policy).Statement[2].Condition.ArnLike["kms:EncryptionContext:aws:logs:arn"], ":${data.aws_caller_identity.current.account_id}:log-group:")
    error_message = "CloudWatch Logs must be let in by its region, for log groups of this account."
  }
}

run "signs" {
  command = plan

  variables {
    key_spec  = "ECC_NIST_P256"
    key_usage = "SIGN_VERIFY"
    user_arns = ["arn:aws:iam::123456789012:role/orders"]
  }

  assert {
    condition     = aws_kms_key.this.key_usage == "SIGN_VERIFY" && !aws_kms_key.this.enable_key_rotation
    error_message = "The key must sign; such a key cannot rotate."
  }

  assert {
    condition     = local.statements[1].Action == ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign", "kms:Verify"] && length(local.statements) == 2
    error_message = "Users must sign and verify, and grant nothing."
  }
}

run "encrypts_with_a_public_key" {
  command = plan

  variables {
    key_spec  = "RSA_4096"
    user_arns = ["arn:aws:iam::123456789012:role/orders"]
  }

  assert {
    condition     = aws_kms_key.this.key_usage == "ENCRYPT_DECRYPT" && contains(local.statements[1].Action, "kms:GetPublicKey") && !contains(local.statements[1].Action, "kms:GenerateDataKey*")
    error_message = "The pair must encrypt, and its public key be read."
  }
}

run "authenticates" {
  command = plan

  variables {
    key_spec  = "HMAC_256"
    user_arns = ["arn:aws:iam::123456789012:role/orders"]
  }

  assert {
    condition     = aws_kms_key.this.key_usage == "GENERATE_VERIFY_MAC" && contains(local.statements[1].Action, "kms:GenerateMac") && !aws_kms_key.this.enable_key_rotation
    error_message = "The key must make HMACs."
  }
}

run "is_what_it_was_asked_to_be" {
  command = plan

  variables {
    description          = "Encrypts orders."
    rotation_days        = 180
    multi_region         = true
    deletion_window_days = 7
  }

  assert {
    condition     = aws_kms_key.this.multi_region && aws_kms_key.this.rotation_period_in_days == 180 && aws_kms_key.this.deletion_window_in_days == 7 && aws_kms_key.this.description == "Encrypts orders."
    error_message = "The key must follow its inputs."
  }
}

run "stays_as_it_is_without_rotation" {
  command = plan

  variables {
    rotation = false
  }

  assert {
    condition     = !aws_kms_key.this.enable_key_rotation
    error_message = "The key must not rotate."
  }
}

run "refuses_services_at_a_key_they_cannot_use" {
  command = plan

  variables {
    key_spec = "RSA_4096"
    services = ["logs.amazonaws.com"]
  }

  expect_failures = [aws_kms_key.this]
}

run "refuses_to_sign_with_a_symmetric_key" {
  command = plan

  variables {
    key_usage = "SIGN_VERIFY"
  }

  expect_failures = [aws_kms_key.this]
}

run "refuses_wrong_values" {
  command = plan

  variables {
    name                 = "alias/orders"
    key_spec             = "DES"
    key_usage            = "GENERATE_VERIFY_MAC"
    rotation_days        = 30
    deletion_window_days = 1
    administrator_arns   = ["*"]
    user_arns            = ["arn:aws:iam::123456789012:role/*"]
    services             = ["*"]
  }

  expect_failures = [var.name, var.key_spec, var.key_usage, var.rotation_days, var.deletion_window_days, var.administrator_arns, var.user_arns, var.services]
}
