package dsl

// The attributes of the blocks that train.

var userModelKeys = schema{
	{"kind", "", "one soft prompt for all; one of each user's own; or a mixture of a few that users share"},
	{"tokens", "tokens", "length T_u of the soft prompt; a linear head has 1"},
	{"clusters", "soft prompts", "how many are shared, K; must be given with kind = \"cluster\""},
	{"weights", "", "a user's weights over the clusters: positive with sum 1, any numbers, or those that column cluster gives"},
	{"shared", "", "individualized: what is learned of a user is added to what all share"},
	{"explicit", "", "the user's text is put before the prompt too"},
	{"as", "", "what the user's vectors are: put before the prompt, or the head of a reward model"},
	{"start", "", "embeddings before training: of random tokens, uniform random, zeros, or of start_text"},
	{"start_text", "", "text whose embeddings are the start"},
	{"sparse", "", "only the users of a batch are updated (lazy AdamW)"},
}

var objectiveKeys = schema{
	{"kind", "", "base loss"},
	{"alpha", "share of the loss", "weight of the user's own loss; the rest is the generic user's. Without a user model it has no effect"},
	{"beta", "", "strength of the reference model; rloo, grpo and ppo: weight of the KL divergence"},
	{"label_smoothing", "share of choices", "dpo: how many are taken to be wrong"},
	{"robust", "", "dpo: the loss is corrected for these, so that it is unbiased"},
	{"normalize", "", "ipo: log-probs summed over tokens, or their mean"},
	{"gamma", "", "simpo: margin that the two rewards, beta times mean log-probs, should have"},
	{"lambda", "", "cpo: weight of the likelihood of the chosen response; orpo: of the odds ratio"},
	{"lambda_chosen", "", "kto: weight of liked responses"},
	{"lambda_rejected", "", "kto: weight of responses that are not liked"},
	{"worst_group", "", "losses on pairs: step size with which groups of higher loss gain weight (group DRO); 0: rows weigh the same"},
	{"reference_user_text", "", "the reference model sees the user's text too, as in the authors' code"},
	{"generic_keeps_text", "", "the generic user's loss keeps the user's text"},
	{"reward", "", "rloo, grpo, ppo: the reward model; must be given"},
	{"samples", "texts per prompt", "rloo, grpo (2 or more), ppo: how many are drawn"},
	{"sampling", "", "rloo, grpo, ppo: how they are drawn; only max_new_tokens may be set"},
	{"clip", "", "rloo, grpo, ppo: how far the probability ratio may move from 1"},
	{"passes", "optimizer steps", "rloo, grpo, ppo: how many are made of a batch of texts"},
	{"kl_target", "nats per text", "rloo, grpo, ppo: KL divergence to the reference that beta is adapted to; none: beta is fixed"},
}

var trainKeys = schema{
	{"base", "", "where training starts; also the reference model, without users"},
	{"data", "", "what is trained on: comparisons; sft takes responses too, kto unpaired rows, rloo, grpo and ppo prompts"},
	{"user_model", "", "how the policy knows the user; none: vanilla"},
	{"objective", "", "what is minimised"},
	{"epochs", "epochs", "how often the data is gone through"},
	{"steps", "optimizer steps", "instead of epochs: length of the training"},
	{"batch_size", "comparisons", "how many make an optimizer step, however they fit into memory"},
	{"optimizer", "", "AdamW and its schedule"},
	{"lora", "", "low-rank adapter. null: all weights are trained, which is the default over a model with init, elsewhere {}"},
	{"evaluate", "", "accuracy curves during training; none: no curves"},
	{"keep", "", "which weights are the policy: those at the end, or those that evaluate (rloo, grpo, ppo: the reward) finds best"},
	{"seed", "", "order of the data, dropout and first embeddings are drawn from it"},
	{"seeds", "", "instead of seed: a run for each; every metric is their mean, with sd_runs"},
}

// Keys of a training's objects.
var (
	optimizerKeys = schema{
		{"lr", "", "learning rate"},
		{"schedule", "", "of the learning rate after the warm-up"},
		{"warmup_steps", "optimizer steps", "in which the learning rate rises from 0"},
		{"weight_decay", "", "AdamW's decoupled decay"},
		{"max_grad_norm", "", "norm that gradients are cut to"},
		{"user_lr", "", "learning rate of the user model; not given: lr"},
		{"user_weight_decay", "", "decay of the user model"},
		{"stop_norm", "", "norm of the gradient over all rows, looked at once an epoch, at which training ends"},
	}
	loraKeys = schema{
		{"rank", "", "of the update; 0: only the user model is trained"},
		{"alpha", "", "scale of the update, divided by rank"},
		{"dropout", "share of inputs", "how many are dropped"},
		{"targets", "", "what is adapted: roles q, k, v, o, mlp, embedding, or names of modules"},
	}
	evaluateKeys = schema{
		{"data", "", "rows that are scored"},
		{"every", "optimizer steps", "between evaluations"},
	}
	samplingKeys = schema{
		{"temperature", "", "how random tokens are; 0: the most probable one (greedy)"},
		{"top_p", "probability", "the most probable tokens are kept that have it together"},
		{"top_k", "tokens", "how many of the most probable are kept; 0: all"},
		{"min_p", "share of the largest probability", "tokens with less are dropped"},
		{"min_new_tokens", "tokens", "shortest text"},
		{"max_new_tokens", "tokens", "longest text"},
		{"repetition_penalty", "", "divides the logits of tokens that are there already"},
		{"no_repeat_ngram", "tokens", "sequences of this length come once; 0: any may be repeated"},
		{"stop", "", "texts at which a text ends"},
	}
)

var adaptKeys = schema{
	{"policy", "", "the frozen policy or reward model to which users are added"},
	{"fit", "", "comparisons that users are fitted on"},
	{"data", "", "comparisons that are scored, others than fit"},
	{"comparisons", "comparisons per user", "how many of fit are used; a result for each number"},
	{"steps", "optimizer steps", "length of the fit"},
	{"lr", "", "learning rate of the fit"},
	{"seed", "", "what is drawn by chance is drawn from it"},
	{"paper", "", "published values, shown beside ours"},
}
