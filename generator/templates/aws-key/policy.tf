data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id

  use = {
    ENCRYPT_DECRYPT     = local.symmetric ? ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"] : ["kms:Decrypt", "kms:Encrypt", "kms:GetPublicKey", "kms:ReEncrypt*"]
    SIGN_VERIFY         = ["kms:GetPublicKey", "kms:Sign", "kms:Verify"]
    GENERATE_VERIFY_MAC = ["kms:GenerateMac", "kms:VerifyMac"]
  }

  statements = concat(
    # Without it nobody could govern the key once the named roles are gone; the account's IAM policies still decide.
    [{
      Sid       = "AllowTheAccountToGovernTheKey"
      Effect    = "Allow"
      Action    = ["kms:*"]
      Resource  = ["*"]
      Principal = { AWS = ["arn:${data.aws_partition.current.partition}:iam::${local.account}:root"] }
    }],
    [for arns in [var.administrator_arns] : {
      Sid    = "AllowAdministrators"
      Effect = "Allow"
      Action = [
        "kms:CancelKeyDeletion",
        "kms:CreateAlias",
        "kms:DeleteAlias",
        "kms:DescribeKey",
        "kms:DisableKey*",
        "kms:EnableKey*",
        "kms:GetKey*",
        "kms:List*",
        "kms:PutKeyPolicy",
        "kms:ReplicateKey",
        "kms:RotateKeyOnDemand",
        "kms:ScheduleKeyDeletion",
        "kms:TagResource",
        "kms:UntagResource",
        "kms:UpdateAlias",
        "kms:UpdateKeyDescription",
      ]
      Resource  = ["*"]
      Principal = { AWS = arns }
    } if length(arns) > 0],
    [for arns in [var.user_arns] : {
      Sid       = "AllowUse"
      Effect    = "Allow"
      Action    = concat(["kms:DescribeKey"], local.use[local.usage])
      Resource  = ["*"]
      Principal = { AWS = arns }
    } if length(arns) > 0],
    # What stores data for them, such as EBS and RDS, is granted the key while it does.
    [for arns in [var.user_arns] : {
      Sid       = "AllowGrantsToServices"
      Effect    = "Allow"
      Action    = ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]
      Resource  = ["*"]
      Principal = { AWS = arns }
      Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
    } if length(arns) > 0 && local.symmetric],
    [for service in var.services : {
      Sid       = "Allow${join("", [for word in split("-", replace(trimsuffix(service, ".amazonaws.com"), ".", "-")) : title(word)])}"
      Effect    = "Allow"
      Action    = concat(["kms:DescribeKey"], local.use["ENCRYPT_DECRYPT"])
      Resource  = ["*"]
      Principal = { Service = [service] }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    } if service != "logs.amazonaws.com"],
    # CloudWatch Logs goes by its region, and names the log group instead of the account.
    [for service in var.services : {
      Sid       = "AllowLogs"
      Effect    = "Allow"
      Action    = concat(["kms:DescribeKey"], local.use["ENCRYPT_DECRYPT"])
      Resource  = ["*"]
      Principal = { Service = ["logs.${data.aws_region.current.name}.amazonaws.com"] }
      Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:${data.aws_partition.current.partition}:logs:${data.aws_region.current.name}:${local.account}:log-group:*" } }
    } if service == "logs.amazonaws.com"],
  )
}
