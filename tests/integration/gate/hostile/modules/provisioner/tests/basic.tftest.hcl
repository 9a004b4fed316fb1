run "apply" {
}
