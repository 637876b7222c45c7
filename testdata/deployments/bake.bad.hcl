target "app" {
  context = "."
  inherits = ["bsae"]
  # ^ invalid-deployment
}
target "base" {}
