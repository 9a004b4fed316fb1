output "id" {
  description = "The name, within the length limit."
  value       = terraform_data.this.output.id
}

output "id_full" {
  description = "The name before it was cut to the limit."
  value       = local.id_full
}

output "tags" {
  description = "The tags for every resource that carries this name."
  value       = tomap(terraform_data.this.output.tags)
}

output "is_cut" {
  description = "Whether the name was too long and ends in a hash."
  value       = local.is_cut
}
