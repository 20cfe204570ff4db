# A LoRA target that matches no module.

include "../base.hcl" {}

train "a" {
  base      = model.tiny
  data      = dataset.posts.train
  objective = { kind = "dpo" }
  lora      = { targets = ["q", "q_proj", "c_attn"] }
}
