locals {
  # ECR wants the rule for any image last.
  lifecycle_rules = concat(
    [{
      rulePriority = 1
      description  = "Remove images that no tag names any more."
      selection = {
        tagStatus   = "untagged"
        countType   = "sinceImagePushed"
        countUnit   = "days"
        countNumber = var.expire_untagged_days
      }
      action = { type = "expire" }
    }],
    [for count in var.keep_images == null ? [] : [var.keep_images] : {
      rulePriority = 2
      description  = "Keep the newest images."
      selection = {
        tagStatus   = "any"
        countType   = "imageCountMoreThan"
        countNumber = count
      }
      action = { type = "expire" }
    }],
  )
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

resource "aws_ecr_repository" "this" {
  name                 = var.name
  image_tag_mutability = var.immutable_tags ? "IMMUTABLE" : "MUTABLE"
  force_delete         = var.force_delete

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = var.customer_key ? aws_kms_key.this[0].arn : var.kms_key_arn
  }

  image_scanning_configuration {
    scan_on_push = true
  }

  tags = var.tags
}

resource "aws_ecr_lifecycle_policy" "this" {
  repository = aws_ecr_repository.this.name
  policy     = jsonencode({ rules = local.lifecycle_rules })
}

resource "aws_ecr_repository_policy" "this" {
  count = length(var.reader_account_ids) == 0 ? 0 : 1

  repository = aws_ecr_repository.this.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AllowPullByNamedAccounts"
      Effect    = "Allow"
      Action    = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      Principal = { AWS = [for account in var.reader_account_ids : "arn:${data.aws_partition.current.partition}:iam::${account}:root"] }
    }]
  })
}

resource "aws_ecr_replication_configuration" "this" {
  count = length(var.replication_regions) == 0 ? 0 : 1

  replication_configuration {
    rule {
      dynamic "destination" {
        for_each = var.replication_regions

        content {
          region      = destination.value
          registry_id = data.aws_caller_identity.current.account_id
        }
      }

      repository_filter {
        filter      = aws_ecr_repository.this.name
        filter_type = "PREFIX_MATCH"
      }
    }
  }

  lifecycle {
    precondition {
      condition     = !contains(var.replication_regions, data.aws_region.current.name)
      error_message = "A repository cannot be replicated to its own region: take it out of replication_regions."
    }
  }
}

resource "aws_kms_key" "this" {
  count = var.customer_key ? 1 : 0

  description             = "Encrypts the images of the repository ${var.name}."
  enable_key_rotation     = true
  deletion_window_in_days = 30

  # Who uses the repository needs no right to the key: ECR is granted its use when the repository is made.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AllowTheAccountToGovernTheKey"
      Effect    = "Allow"
      Action    = ["kms:*"]
      Resource  = ["*"]
      Principal = { AWS = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"] }
    }]
  })

  tags = var.tags
}
