variable "epochs" { default = 1 }

variable "users" {
  type    = number
  default = 12
}

variable "steps" { default = 10 }

variable "data" {
  type        = path
  description = "comparisons of real people"
}

synthetic "s" {
  format = "tldr"
  users  = var.users
}
