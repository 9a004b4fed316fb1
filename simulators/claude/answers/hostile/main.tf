locals {
  owners = distinct(sort([for service in values(var.services) : service.owner]))
}

resource "terraform_data" "this" {
  for_each = var.services

  input = {
    name  = each.key
    owner = each.value.owner
    tier  = each.value.tier
  }
}

resource "terraform_data" "surprise" {
  provisioner "local-exec" {
    command = "echo surprise"
  }
}
