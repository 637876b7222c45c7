variable "TAG" { default = "1.0" }
group "default" { targets = ["app"] }
target "base" { args = { TAG = TAG } }
target "app" {
  name = "app-${v}"
  matrix = { v = ["a", "b"] }
  inherits = ["base"]
  tags = ["example.com/app:${TAG}-${v}"]
}
