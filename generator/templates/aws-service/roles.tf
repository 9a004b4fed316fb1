data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

data "aws_partition" "current" {}

resource "aws_iam_role" "execution" {
  name_prefix        = "ecs-execution-"
  description        = "Lets ECS start tasks of ${var.name}: read its image and secrets, write its logs."
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy_attachment" "execution" {
  role       = aws_iam_role.execution.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

data "aws_iam_policy_document" "execution" {
  count = length(var.secret_arns) > 0 ? 1 : 0

  statement {
    sid     = "ReadSecrets"
    actions = ["secretsmanager:GetSecretValue", "ssm:GetParameters"]
    # A key within a secret is named behind its ARN, which has six colons.
    resources = distinct([for arn in values(var.secret_arns) : join(":", slice(split(":", arn), 0, min(7, length(split(":", arn)))))])
  }

  dynamic "statement" {
    for_each = var.secrets_kms_key_arn == null ? [] : [var.secrets_kms_key_arn]

    content {
      sid       = "DecryptSecrets"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]
    }
  }
}

resource "aws_iam_role_policy" "execution" {
  count = length(var.secret_arns) > 0 ? 1 : 0

  name_prefix = "read-secrets-"
  role        = aws_iam_role.execution.id
  policy      = data.aws_iam_policy_document.execution[0].json
}

resource "aws_iam_role" "task" {
  name_prefix        = "ecs-task-"
  description        = "What the containers of ${var.name} may do in AWS."
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags
}
