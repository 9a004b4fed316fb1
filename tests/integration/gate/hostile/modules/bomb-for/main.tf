locals {
  n = range(500)
  x = sum([for a in local.n : sum([for b in local.n : sum([for c in local.n : sum([for d in local.n : d])])])])
}

output "x" {
  value = local.x
}
