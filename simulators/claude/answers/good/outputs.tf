output "services" {
  description = "The services as they are kept."
  value       = { for name, record in terraform_data.this : name => record.output }
}

output "owners" {
  description = "Everybody who owns a service, sorted."
  value       = local.owners
}
