# A variable that the included file does not declare, and one with the wrong type.

include "parts/variables.hcl" {
  epoch = 1
  users = "many"
}

include "parts/variables.hcl" { steps = 5 }
include "parts/variables.hcl" { steps = 6 }
