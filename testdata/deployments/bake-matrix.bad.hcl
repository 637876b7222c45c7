variable "VERSIONS" {
  default = ["1", "2"]
}
target "app" {
  name = "app-${replace(version, ".", "-")}"
  matrix = {
    version = VERSIONS
  }
  inherits = ["comon"]
  # ^ invalid-deployment
  args = { VERSION = version }
}
target "common" {
  context = "."
}
