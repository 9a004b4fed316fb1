run "keeps_the_services" {
  command = apply

  variables {
    services = {
      orders  = { owner = "shop", tier = "gold" }
      parcels = { owner = "logistics" }
    }
  }

  assert {
    condition     = output.services["parcels"].tier == "bronze"
    error_message = "A service must be bronze by default."
  }

  assert {
    condition     = output.owners == tolist(["logistics", "shop"])
    error_message = "The owners must be sorted."
  }
}

run "refuses_an_unknown_tier" {
  command = plan

  variables {
    services = {
      orders = { owner = "shop", tier = "tin" }
    }
  }

  expect_failures = [var.services]
}
