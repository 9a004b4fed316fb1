mock_provider "aws" {
  source = "./tests/mocks/aws"

  override_data {
    target = data.aws_region.current
    values = { name = "eu-central-1" }
  }
}

variables {
  name                 = "shop/orders"
  expire_untagged_days = 14
  keep_images          = null
  customer_key         = false
  force_delete         = false
  reader_account_ids   = []
  replication_regions  = []
}

run "is_guarded" {
  command = apply

  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE" && !aws_ecr_repository.this.force_delete
    error_message = "Tags must stay where they are, and images must not be destroyed with the repository."
  }

  assert {
    condition     = aws_ecr_repository.this.image_scanning_configuration[0].scan_on_push
    error_message = "Images must be scanned when they are pushed."
  }

  assert {
    condition     = aws_ecr_repository.this.encryption_configuration[0].encryption_type == "KMS" && length(aws_kms_key.this) == 0
    error_message = "Images must be encrypted with KMS, with no key of its own unless asked."
  }

  assert {
    condition     = length(aws_ecr_repository_policy.this) == 0 && length(aws_ecr_replication_configuration.this) == 0
    error_message = "Nobody else may pull, and nothing is replicated, unless asked."
  }

  assert {
    condition     = output.name == "shop/orders" && output.arn != "" && output.repository_url != "" && output.registry_id != "" && output.kms_key_arn == null
    error_message = "The outputs must describe the repository."
  }
}

run "removes_untagged_images" {
  command = plan

  variables {
    expire_untagged_days = 3
  }

  assert {
    condition     = length(jsondecode(aws_ecr_lifecycle_policy.this.policy).rules) == 1 && jsondecode(aws_ecr_lifecycle_policy.this.policy).rules[0].selection.tagStatus == "untagged"
    error_message = "Only untagged images may be removed unless a number to keep is given."
  }

  assert {
    condition     = jsondecode(aws_ecr_lifecycle_policy.this.policy).rules[0].selection.countNumber == 3
    error_message = "Untagged images must be removed after the days that were set."
  }
}

run "keeps_the_newest_images" {
  command = plan

  variables {
    keep_images = 10
  }

  assert {
    condition     = jsondecode(aws_ecr_lifecycle_policy.this.policy).rules[1].selection.countNumber == 10 && jsondecode(aws_ecr_lifecycle_policy.this.policy).rules[1].selection.countType == "imageCountMoreThan"
    error_message = "As many images as were set must be kept."
  }

  assert {
    condition     = jsondecode(aws_ecr_lifecycle_policy.this.policy).rules[1].rulePriority > jsondecode(aws_ecr_lifecycle_policy.this.policy).rules[0].rulePriority
    error_message = "The rule for any image must come last."
  }
}

run "has_a_key_of_its_own" {
  command = apply

  variables {
    customer_key = true
  }

  assert {
    condition     = aws_ecr_repository.this.encryption_configuration[0].kms_key == aws_kms_key.this[0].arn && aws_kms_key.this[0].enable_key_rotation
    error_message = "The repository must use its own key, which is rotated."
  }

  assert {
    condition     = output.kms_key_arn == aws_kms_key.this[0].arn
    error_message = "The output must name the key."
  }
}

run "uses_a_key_that_is_named" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }

  assert {
    condition     = aws_ecr_repository.this.encryption_configuration[0].kms_key == var.kms_key_arn
    error_message = "The repository must use the key."
  }
}

run "lets_named_accounts_pull_and_no_more" {
  command = apply

  variables {
    reader_account_ids = ["210987654321"]
  }

  assert {
    condition     = jsondecode(aws_ecr_repository_policy.this[0].policy).Statement[0].Principal.AWS == ["arn:${data.aws_partition.current.partition}:iam::210987654321:root"]
    error_message = "Only the named accounts may be let in."
  }

  assert {
    condition     = alltrue([for action in jsondecode(aws_ecr_repository_policy.this[0].policy).Statement[0].Action : contains(["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], action)])
    error_message = "They may pull, and nothing else."
  }
}

run "replicates_itself_alone" {
  command = apply

  variables {
    replication_regions = ["us-west-2", "eu-west-1"]
  }

  assert {
    condition     = [for destination in aws_ecr_replication_configuration.this[0].replication_configuration[0].rule[0].destination : destination.region] == ["us-west-2", "eu-west-1"]
    error_message = "Images must be replicated to the regions that were named."
  }

  assert {
    condition     = one(aws_ecr_replication_configuration.this[0].replication_configuration[0].rule[0].repository_filter).filter == "shop/orders"
    error_message = "Other repositories must not be replicated."
  }
}

run "refuses_replication_to_its_own_region" {
  command = plan

  variables {
    replication_regions = ["eu-central-1"]
  }

  expect_failures = [aws_ecr_replication_configuration.this]
}

run "refuses_wrong_values" {
  command = plan

  variables {
    name                 = "Shop//Orders"
    expire_untagged_days = 0
    keep_images          = 0
    kms_key_arn          = "alias/orders"
    reader_account_ids   = ["*"]
    replication_regions  = ["everywhere"]
  }

  expect_failures = [var.name, var.expire_untagged_days, var.keep_images, var.kms_key_arn, var.reader_account_ids, var.replication_regions]
}
