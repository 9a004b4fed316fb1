# Only this key signs the zone's keys: Route 53 wants one of its own, on the curve P-256.
resource "aws_kms_key" "signing" {
  count = var.dnssec ? 1 : 0

  description              = "Signs the keys of the zone ${var.name}."
  customer_master_key_spec = "ECC_NIST_P256"
  key_usage                = "SIGN_VERIFY"
  deletion_window_in_days  = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Account"
        Effect    = "Allow"
        Action    = "kms:*"
        Resource  = "*"
        Principal = { AWS = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root" }
      },
      {
        Sid       = "Sign"
        Effect    = "Allow"
        Action    = ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"]
        Resource  = "*"
        Principal = { Service = "dnssec-route53.amazonaws.com" }
        Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
      },
      {
        Sid       = "Grant"
        Effect    = "Allow"
        Action    = "kms:CreateGrant"
        Resource  = "*"
        Principal = { Service = "dnssec-route53.amazonaws.com" }
        Condition = {
          Bool         = { "kms:GrantIsForAWSResource" = "true" }
          StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id }
        }
      },
    ]
  })

  tags = var.tags
}

resource "aws_route53_key_signing_key" "zone" {
  count = var.dnssec ? 1 : 0

  hosted_zone_id             = aws_route53_zone.this.zone_id
  name                       = "zone"
  key_management_service_arn = aws_kms_key.signing[0].arn
  status                     = "ACTIVE"
}

resource "aws_route53_hosted_zone_dnssec" "zone" {
  count = var.dnssec ? 1 : 0

  hosted_zone_id = aws_route53_zone.this.zone_id
  signing_status = "SIGNING"

  # Route 53 refuses to sign a zone that has no active key.
  depends_on = [aws_route53_key_signing_key.zone]
}
