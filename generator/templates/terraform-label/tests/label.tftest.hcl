variables {
  name        = "Orders API"
  namespace   = "acme"
  environment = "prod"
  delimiter   = "-"
  letter_case = "lower"
  max_length  = 63
}

run "joins_the_parts" {
  command = apply

  assert {
    condition     = output.id == "acme-prod-orders-api"
    error_message = "The parts must be cleaned, joined and in lower case."
  }

  assert {
    condition     = output.tags == tomap({ Name = "acme-prod-orders-api", Namespace = "acme", Environment = "prod" })
    error_message = "The tags must name the parts."
  }

  assert {
    condition     = !output.is_cut
    error_message = "A short name must not be cut."
  }
}

run "leaves_empty_parts_out" {
  command = apply

  variables {
    namespace   = ""
    environment = ""
    delimiter   = "_"
  }

  assert {
    condition     = output.id == "orders_api"
    error_message = "Empty parts must fall away without a delimiter."
  }

  assert {
    condition     = !contains(keys(output.tags), "Namespace")
    error_message = "An empty part must not become a tag."
  }
}

run "cuts_long_names" {
  command = apply

  variables {
    attributes = ["one", "two", "three", "four", "five"]
    max_length = 24
  }

  assert {
    condition     = length(output.id) <= 24 && output.is_cut
    error_message = "The name must keep to the limit."
  }

  assert {
    condition     = endswith(output.id, substr(sha256(output.id_full), 0, 6))
    error_message = "A cut name must end in the hash of the full one."
  }
}

run "own_tags_win" {
  command = apply

  variables {
    tags = { Name = "mine" }
  }

  assert {
    condition     = output.tags["Name"] == "mine"
    error_message = "A given tag must win over a generated one."
  }
}

run "keeps_upper_case" {
  command = apply

  variables {
    letter_case = "upper"
  }

  assert {
    condition     = output.id == "ACME-PROD-ORDERS-API"
    error_message = "The letter case must be followed."
  }
}

run "refuses_an_empty_name" {
  command = plan

  variables {
    name = ""
  }

  expect_failures = [var.name]
}

run "refuses_a_name_of_signs" {
  command = plan

  variables {
    name        = "..."
    namespace   = ""
    environment = ""
  }

  expect_failures = [terraform_data.this]
}

run "refuses_an_unknown_delimiter" {
  command = plan

  variables {
    delimiter = "/"
  }

  expect_failures = [var.delimiter]
}

run "refuses_an_unknown_letter_case" {
  command = plan

  variables {
    letter_case = "title"
  }

  expect_failures = [var.letter_case]
}

run "refuses_a_tiny_limit" {
  command = plan

  variables {
    max_length = 3
  }

  expect_failures = [var.max_length]
}

run "refuses_a_wrong_environment" {
  command = plan

  variables {
    environment = "prod/eu"
  }

  expect_failures = [var.environment]
}
