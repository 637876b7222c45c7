target "app" {
  context = [
}
# ^ invalid-deployment
