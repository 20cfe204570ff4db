# An included file that is not there.

include "../bases.hcl" {}
