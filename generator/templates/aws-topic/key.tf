locals {
  # What the account's own IAM policies may allow, and what a service needs in order to publish.
  key_statements = concat(
    [{
      Sid       = "AllowTheAccountToGovernTheKey"
      Effect    = "Allow"
      Action    = ["kms:*"]
      Resource  = ["*"]
      Principal = { AWS = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"] }
      Condition = {}
    }],
    [for service in var.publisher_services : {
      Sid       = "Allow${replace(title(split(".", service)[0]), "-", "")}"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
      Resource  = ["*"]
      Principal = { Service = [service] }
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }],
  )
}

resource "aws_kms_key" "this" {
  count = var.customer_key ? 1 : 0

  description             = "Encrypts the messages of the topic ${local.topic_name}."
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = jsonencode({ Version = "2012-10-17", Statement = local.key_statements })

  tags = var.tags
}
