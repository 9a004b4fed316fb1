# The bucket, the key that encrypts it, and the bucket that takes its access logs.

resource "aws_kms_key" "objects" {
  description             = "Encrypts the objects of the example bucket."
  enable_key_rotation     = true
  deletion_window_in_days = 7
}

module "logs" {
  source = "../../"

  name              = "acme-example-complete-logs"
  versioning        = false
  expire_after_days = 90
  replication       = null
  policy            = data.aws_iam_policy_document.log_delivery.json
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_iam_policy_document" "log_delivery" {
  statement {
    sid       = "LogDelivery"
    actions   = ["s3:PutObject"]
    resources = ["arn:${data.aws_partition.current.partition}:s3:::acme-example-complete-logs/*"]

    principals {
      type        = "Service"
      identifiers = ["logging.s3.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

module "replica" {
  source = "../../"

  name        = "acme-example-complete-replica"
  versioning  = true
  replication = null
}

module "bucket" {
  source = "../../"

  name                 = "acme-example-complete"
  versioning           = true
  encryption_algorithm = "aws:kms"
  kms_key_arn          = aws_kms_key.objects.arn
  force_destroy        = true

  lifecycle_rules = {
    reports = {
      prefix                       = "reports/"
      transitions                  = { STANDARD_IA = 30, GLACIER = 180 }
      expire_after_days            = 730
      noncurrent_expire_after_days = 90
    }
  }

  logging = {
    bucket = module.logs.id
    prefix = "bucket/"
  }

  replication = {
    destination_bucket_arn  = module.replica.arn
    destination_kms_key_arn = aws_kms_key.objects.arn
    storage_class           = "STANDARD_IA"
  }

  tags = {
    Environment = "example"
  }
}

output "arn" {
  description = "The ARN of the bucket."
  value       = module.bucket.arn
}
