locals {
  a = join("", [for x in range(1000) : "0123456789012345678901234567890123456789"])
  b = join("", [for x in range(1000) : local.a])
  c = join("", [for x in range(1000) : local.b])
}

resource "terraform_data" "this" {
  input = local.c
}
