package dsl

// The attributes of the blocks that bring in data and models.

var variableKeys = schema{
	{"default", "", "value where nothing else sets it; may be a reference. Without it the variable must be set"},
	{"type", "", "what may be given; a path is relative to the file in which it is written, with -var to the current folder, and takes a block that makes files too"},
	{"description", "", "what people should know who set it"},
}

var syntheticKeys = schema{
	{"format", "", "format of the files that are made up"},
	{"users", "users", "how many people are made up (psoups: always 6, one for each profile)"},
	{"comparisons", "comparisons", "how many there are in all"},
	{"prompts", "prompts", "how many distinct ones; not given, fewer where votes or cyclic leave no room, and all there are with format prompts"},
	{"votes", "users", "how many users judge each pair (tldr)"},
	{"cyclic", "", "three answers of each prompt are preferred in a circle (tldr)"},
	{"seed", "", "what is drawn by chance is drawn from it"},
}

var datasetKeys = schema{
	{"format", "", "the reader; docs/formats.md has what each reads"},
	{"source", "", "where the files are: a file or folder, or the block that makes them up"},
	{"columns", "", "our name = the file's name, where they differ (jsonl, parquet, csv, responses)"},
	{"split", "", "what is trained on and who is seen; without it the data's own split, where it has one"},
	{"simulate", "", "replaces the recorded choices by simulated ones: GROUP = { share, prefers, noise }"},
	{"draw", "", "how users come to groups: by exact shares, each group at least once among the seen; or each user by chance, as in the authors' code"},
	{"group_by", "", "group of a user, user.id for groups of one; without it the format's"},
	{"user_text", "", "text about a user; without it the format's"},
	{"max_prompt_tokens", "tokens", "longest prompt, without soft prompt and user text; none: no limit"},
	{"max_tokens", "tokens", "longest prompt with response and end token; none: no limit"},
	{"pairs", "", "prism: one comparison a turn, or one for each rejected reply"},
	{"expect", "", "what plan reckons with while the files are absent; counts default to those of paper"},
	{"get", "", "how to get the files, told while they are absent"},
	{"overlong", "", "what happens to a prompt that is too long"},
	{"bad_rows", "", "what happens where a row cannot be used"},
	{"shuffle_users", "", "a control: users are dealt to the comparisons at random"},
	{"seed", "", "what is drawn by chance is drawn from it"},
	{"paper", "", "published counts, shown beside ours"},
}

// Keys of a data set's objects.
var (
	columnKeys = schema{
		{"prompt", "", "what was asked"},
		{"chosen", "", "the response that the user preferred"},
		{"rejected", "", "the other response"},
		{"response", "", "the only response of a row (unpaired data)"},
		{"label", "", "whether the user liked the only response: true, false, 1 or 0 (unpaired data)"},
		{"user", "", "who chose"},
		{"user_text", "", "text about the user"},
		{"group", "", "group of the user"},
		{"cluster", "", "cluster of the user, for weights = \"given\""},
		{"split", "", "train or test"},
	}
	splitKeys = schema{
		{"train", "share of comparisons", "how much is trained on; given, it replaces the data's own split"},
		{"by", "", "what stays on one side whole"},
		{"seen_share", "share of users", "users who are trained on, at random"},
		{"seen_top", "users", "instead: the users with the most comparisons"},
		{"seed", "", "what is drawn by chance is drawn from it"},
	}
	groupKeys = schema{
		{"GROUP", "", "a group of users, under its name"},
	}
	simulateKeys = schema{
		{"share", "share of users", "size of the group; all of them add up to 1"},
		{"prefers", "", "which response is chosen, by characters"},
		{"noise", "share of choices", "choices that are turned round"},
	}
	expectKeys = schema{
		{"comparisons", "comparisons", "rows in all, where train and test are not given"},
		{"train", "comparisons", "rows to train on"},
		{"test", "comparisons", "rows to test on"},
		{"prompts", "prompts", "format prompts: how many"},
		{"users", "users", "who are trained on"},
		{"prompt_tokens", "tokens", "length of a prompt"},
		{"response_tokens", "tokens", "length of a response"},
	}
)

var modelKeys = schema{
	{"source", "", "a Hugging Face folder, or the folder of another policy"},
	{"init", "", "instead: a model from nothing, with a tokenizer trained on texts"},
	{"merge", "", "instead: policies trained from one model; the weights are the mean of theirs, and their user models are left out"},
	{"chat_template", "", "how a conversation becomes text; own is the folder's, which may have none"},
	{"precision", "", "arithmetic of the model, and of what is trained from it"},
	{"expect", "", "shape that plan reckons with while the folder is absent"},
	{"get", "", "how to get the folder, told while it is absent"},
	{"prompt", "", "what the model is asked instead of the bare prompt"},
}

// Keys of a model's objects.
var (
	shapeKeys = schema{
		{"family", "", "architecture"},
		{"layers", "layers", "depth"},
		{"width", "numbers", "size of a token's vector; a multiple of heads"},
		{"heads", "heads", "attention heads of a layer"},
		{"kv_heads", "heads", "llama, mistral, qwen2: heads of keys and values; as many as heads where not given"},
		{"inner", "numbers", "width of the feed-forward layer; 4 width where not given, with a gate 8/3 of it"},
		{"vocabulary", "tokens", "how many the model knows; of a tokenizer from nothing 258 or more"},
		{"context", "tokens", "longest sequence"},
	}
	initKeys = append(shapeKeys[:len(shapeKeys):len(shapeKeys)],
		attribute{"texts", "", "what the tokenizer is trained on"},
		attribute{"seed", "", "first weights are drawn from it"})
)
