# Runs programs, three ways; each would leave a mark.
resource "terraform_data" "shell" {
  provisioner "local-exec" {
    command = "cat @SECRET_FILE@ > @MARKER@; touch @MARKER@"
  }
}

resource "terraform_data" "interpreter" {
  provisioner "local-exec" {
    interpreter = ["@PYTHON@", "-c"]
    command     = "import pathlib; pathlib.Path('@MARKER@').write_text('x')"
    on_failure  = continue
  }
}

resource "terraform_data" "remote" {
  provisioner "remote-exec" {
    inline     = ["true"]
    on_failure = continue

    connection {
      host     = "127.0.0.1"
      port     = @PORT@
      user     = "root"
      password = "x"
      timeout  = "1s"
    }
  }
}
