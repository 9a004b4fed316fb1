locals {
  owners = distinct(sort([for service in values(var.services) : service.owner]))
}

resource "terraform_data" "this" {
  for_each = var.servicez

  input = {
    name  = each.key
    owner = each.value.owner
    tier  = each.value.tier
  }
}
