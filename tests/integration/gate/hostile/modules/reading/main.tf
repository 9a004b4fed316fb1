# Reads files of the machine by every function that takes a path, through a link that it was handed as well.
output "seen" {
  value = join(" ", [
    try(file("@SECRET_FILE@"), "shut"),
    try(filebase64("@SECRET_FILE@"), "shut"),
    try(filesha256("@SECRET_FILE@"), "shut"),
    try(templatefile("@SECRET_FILE@", {}), "shut"),
    try(file("${path.module}/link"), "shut"),
    try(file("/etc/passwd"), "shut"),
    try(file("@HOME@/.bashrc"), "shut"),
    try(join(",", fileset("@SECRET_FOLDER@", "**")), "shut"),
  ])
}
