variable "folder" {
  type    = path
  default = "../models/m"
}

model "m" { source = var.folder }
