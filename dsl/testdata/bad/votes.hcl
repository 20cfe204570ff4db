# Comparisons that are not so many pairs with so many votes each.

synthetic "remainder" {
  format      = "tldr"
  votes       = 10
  comparisons = 205
  prompts     = 20
}

synthetic "too_few" {
  format      = "tldr"
  votes       = 10
  comparisons = 190
  prompts     = 20
}

synthetic "too_many" {
  format  = "tldr"
  votes   = 10
  prompts = 20
}

synthetic "circle" {
  format      = "tldr"
  votes       = 10
  comparisons = 200
  prompts     = 10
  cyclic      = true
}

synthetic "open_circle" {
  format      = "tldr"
  comparisons = 200
  cyclic      = true
}

synthetic "more_votes_than_users" {
  format      = "tldr"
  users       = 5
  votes       = 10
  comparisons = 200
  prompts     = 20
}
