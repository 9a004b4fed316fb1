locals {
  parts = concat([var.namespace, var.environment, var.name], var.attributes)

  # Whatever is no letter or digit would be refused by one cloud or another.
  cleaned = [for part in local.parts : trim(replace(part, "/[^0-9A-Za-z]+/", var.delimiter), "-_")]
  joined  = join(var.delimiter, compact(local.cleaned))

  id_full = {
    lower = lower(local.joined)
    upper = upper(local.joined)
    keep  = local.joined
  }[var.letter_case]

  # A cut name ends in a hash of the whole one, so that two long names stay different.
  hash   = substr(sha256(local.id_full), 0, 6)
  head   = trimsuffix(substr(local.id_full, 0, var.max_length - length(local.hash) - length(var.delimiter)), var.delimiter)
  is_cut = length(local.id_full) > var.max_length
  id     = local.is_cut ? join(var.delimiter, [local.head, local.hash]) : local.id_full

  generated_tags = {
    Name        = local.id
    Namespace   = var.namespace
    Environment = var.environment
  }
  tags = merge({ for key, value in local.generated_tags : key => value if value != "" }, var.tags)
}

resource "terraform_data" "this" {
  input = {
    id   = local.id
    tags = local.tags
  }

  lifecycle {
    precondition {
      condition     = can(regex("[0-9A-Za-z]", local.id))
      error_message = "The name is empty: no part of it holds a letter or a digit."
    }
  }
}
