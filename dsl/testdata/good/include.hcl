# A profile: a file that includes, sets variables and adds to what is there. One of the files is reached twice.

include "parts/profile.hcl" {
  data  = synthetic.small
  steps = 5
}

include "parts/model.hcl" {}

synthetic "small" {
  format      = "tldr"
  comparisons = 60
}
