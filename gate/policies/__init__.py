"""Organisation policies in Rego: what they are told, how they are asked, and what their answers mean to a report."""
