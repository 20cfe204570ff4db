package dsl

import "slices"

// schemas lists the attributes of each block type in the order of language/README section 3. for_each is allowed where
// multiplies says so.
var schemas = map[string][]string{
	"synthetic": {"format", "users", "comparisons", "prompts", "votes", "cyclic", "seed"},
	"dataset": {"format", "source", "columns", "split", "simulate", "draw", "group_by", "user_text", "max_prompt_tokens",
		"max_tokens", "pairs", "expect", "get", "overlong", "bad_rows", "shuffle_users", "seed", "paper"},
	"model":      {"source", "init", "merge", "chat_template", "precision", "expect", "get", "prompt"},
	"user_model": userModelKeys,
	"objective":  objectiveKeys,
	"train": {"base", "data", "user_model", "objective", "epochs", "steps", "batch_size", "optimizer", "lora", "evaluate",
		"keep", "seed", "seeds"},
	"accuracy":  {"policy", "reward", "data", "paper"},
	"generate":  {"policy", "prompts", "users", "sampling", "reward", "best_of", "samples", "seed", "paper"},
	"adapt":     {"policy", "fit", "data", "comparisons", "steps", "lr", "seed", "paper"},
	"judge":     judgeKeys,
	"win_rate":  {"candidate", "baseline", "judge", "ties", "rule", "paper"},
	"agreement": {"judge", "data", "paper"},
	"claim":     {"that", "text", "note"},
	"report":    {"title", "show", "samples", "users", "user_texts", "tolerance"},
	"variable":  {"default", "type", "description"},
	"section":   {"show", "text"},
}

// required attributes, without which a block says nothing.
var required = map[string][]string{
	"synthetic":  {"format"},
	"dataset":    {"format", "source"},
	"user_model": {"kind"},
	"objective":  {"kind"},
	"train":      {"base", "data", "objective"},
	"accuracy":   {"data"},
	"generate":   {"policy", "prompts"},
	"adapt":      {"policy", "fit", "data"},
	"judge":      {"kind"},
	"win_rate":   {"candidate", "baseline", "judge"},
	"agreement":  {"judge", "data"},
	"claim":      {"that"},
	"report":     {"title"},
	"section":    {"show"},
}

// Keys of settings, which are blocks or objects.
var (
	userModelKeys = []string{"kind", "tokens", "clusters", "weights", "shared", "explicit", "as", "start", "start_text", "sparse"}
	objectiveKeys = []string{"kind", "alpha", "beta", "label_smoothing", "robust", "normalize", "gamma", "lambda", "lambda_chosen",
		"lambda_rejected", "worst_group", "reference_user_text", "generic_keeps_text", "reward", "samples", "sampling", "clip", "passes", "kl_target"}
	optimizerKeys = []string{"lr", "schedule", "warmup_steps", "weight_decay", "max_grad_norm", "user_lr", "user_weight_decay", "stop_norm"}
	loraKeys      = []string{"rank", "alpha", "dropout", "targets"}
	evaluateKeys  = []string{"data", "every"}
	samplingKeys  = []string{"temperature", "top_p", "top_k", "min_p", "min_new_tokens", "max_new_tokens", "repetition_penalty", "no_repeat_ngram", "stop"}
	splitKeys     = []string{"train", "by", "seen_share", "seen_top", "seed"}
	simulateKeys  = []string{"share", "prefers", "noise"}
	columnKeys    = []string{"prompt", "chosen", "rejected", "response", "label", "user", "user_text", "group", "cluster", "split"}
	expectKeys    = []string{"comparisons", "train", "test", "prompts", "users", "prompt_tokens", "response_tokens"}
	shapeKeys     = []string{"family", "layers", "width", "heads", "kv_heads", "inner", "vocabulary", "context"}
	initKeys      = append(slices.Clone(shapeKeys), "texts", "seed")
)

// multiplies tells whether a block type may have for_each.
func multiplies(typ string) bool {
	return typ != "variable" && typ != "locals" && typ != "include" && typ != "report" && typ != "section"
}

// offers lists what can be written after a block's address (language/README section 4), results included.
func offers(typ string) []string {
	switch typ {
	case "dataset":
		return []string{"train", "test", "prompts", "responses", "users", "unseen_users", "groups", "statistics", "paper"}
	case "train":
		return []string{"data", "base", "user_model", "objective", "parameters", "curves"}
	case "accuracy":
		return []string{"top", "generic", "average", "groups", "users", "vote_gap", "control", "ties", "paper"}
	case "generate":
		return []string{"words", "reward", "paper"}
	case "adapt":
		return []string{"after", "paper"}
	case "win_rate":
		return []string{"per_sample", "per_user", "average", "seen", "unseen", "groups", "users", "length_controlled", "ties", "flipped", "failed", "paper"}
	case "agreement":
		return []string{"share", "kappa", "users", "flipped", "first_wins", "longer_wins", "paper"}
	case "user_model":
		return userModelKeys
	case "objective":
		return objectiveKeys
	}
	return nil
}
