# Text that is no HCL.

train "a" {
  base = 
