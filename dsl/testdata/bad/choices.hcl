# What somebody chose is for what a model is asked, not for what they are like.

dataset "rows" {
  format    = "jsonl"
  source    = "rows.jsonl"
  user_text = user.choices[0].chosen
  group_by  = length(user.choices)
}

model "shown" {
  source = "folder"
  prompt = "${user.choices[0].chose} ${prompt}"
}
