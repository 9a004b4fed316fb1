locals {
  symmetric = var.key_spec == "SYMMETRIC_DEFAULT"
  family    = split("_", var.key_spec)[0]

  # Only an RSA key leaves a choice.
  usage = lookup({ SYMMETRIC = "ENCRYPT_DECRYPT", ECC = "SIGN_VERIFY", HMAC = "GENERATE_VERIFY_MAC" }, local.family, var.key_usage)
}

resource "aws_kms_key" "this" {
  description              = coalesce(var.description, "The key ${var.name}.")
  customer_master_key_spec = var.key_spec
  key_usage                = local.usage
  multi_region             = var.multi_region
  deletion_window_in_days  = var.deletion_window_days
  policy                   = jsonencode({ Version = "2012-10-17", Statement = local.statements })

  # KMS rotates symmetric keys only.
  enable_key_rotation     = var.rotation && local.symmetric
  rotation_period_in_days = var.rotation && local.symmetric ? var.rotation_days : null

  tags = var.tags

  lifecycle {
    precondition {
      condition     = local.symmetric || length(var.services) == 0
      error_message = "AWS services use symmetric keys only: leave services empty, or key_spec at SYMMETRIC_DEFAULT."
    }

    precondition {
      condition     = local.family == "RSA" || var.key_usage == "ENCRYPT_DECRYPT" || local.usage == var.key_usage
      error_message = "This kind of key cannot sign: take an RSA or an ECC key_spec, or leave key_usage alone."
    }
  }
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}
