# Variables of wrong types.

variable "a" {
  type    = number
  default = "many"
}

variable "b" {
  type    = list(number)
  default = [1, "x"]
}

variable "c" {
  type    = "string"
  default = "x"
}

locals {
  silent = var.a + 1
  wrong  = var.aa
  gone   = local.wrongs
}
