package dsl

// The attributes of the blocks that measure, state and show.

var accuracyKeys = schema{
	{"policy", "", "what ranks, by its objective's own reward; a model or an sft policy by log-prob"},
	{"reward", "", "instead: a reward model that ranks"},
	{"data", "", "comparisons that are ranked; a tie counts as wrong"},
	{"paper", "", "published values, shown beside ours"},
}

var generateKeys = schema{
	{"policy", "", "what writes"},
	{"prompts", "", "what is asked; rows are asked for their own users"},
	{"users", "", "for whom each prompt is answered; not with rows"},
	{"sampling", "", "how tokens are drawn"},
	{"reward", "", "scores each text"},
	{"best_of", "texts", "how many are drawn for each that is kept, the one with the highest reward"},
	{"samples", "texts per prompt and user", "how many are kept"},
	{"seed", "", "tokens are drawn from it"},
	{"paper", "", "published values, shown beside ours"},
}

var judgeKeys = schema{
	{"kind", "", "who judges: a server, arithmetic, a reward model, recorded verdicts, or a majority of judges"},
	{"model", "", "openai: the vendor's name of the model; must be given"},
	{"base_url", "", "openai: the server"},
	{"key_env", "", "openai: name of the environment variable that holds the key"},
	{"temperature", "", "openai: how random answers are"},
	{"max_answer_tokens", "tokens", "openai: longest answer"},
	{"template", "", "openai: the question"},
	{"template_file", "", "openai, instead: a question of your own (docs/judging.md)"},
	{"price", "", "openai: what tokens cost, for plan, progress and budget.usd; none: unknown"},
	{"budget", "", "openai: the most that one apply spends, for all that asks this judge; none: no limit"},
	{"limits", "", "openai: what the server allows"},
	{"max_failed", "share of verdicts", "more without a verdict fail the stage"},
	{"prefers", "", "rule: what is preferred; simulated is what each user was made to like"},
	{"pattern", "", "rule, instead: a regular expression; the text that matches it is preferred"},
	{"reward", "", "reward: the model; must be given"},
	{"verdicts", "", "replay: recorded verdicts; must be given"},
	{"members", "", "panel: two judges or more; must be given"},
	{"order", "", "both: asked in both orders, won where they agree; random: asked once, by seed"},
	{"seed", "", "orders, and the sides of examples, are drawn from it"},
}

// Keys of a judge's objects.
var (
	priceKeys = schema{
		{"input", "USD per million tokens", "of questions"},
		{"output", "USD per million tokens", "of answers"},
	}
	budgetKeys = schema{
		{"requests", "requests", "the most of one apply; none: no limit"},
		{"tokens", "tokens", "the most of one apply; none: no limit"},
		{"usd", "USD", "the most of one apply; none: no limit"},
	}
	limitKeys = schema{
		{"requests_per_minute", "requests a minute", "the most; none: no limit"},
		{"tokens_per_minute", "tokens a minute", "the most; none: no limit"},
		{"concurrent", "requests", "the most at one time"},
	}
)

var winRateKeys = schema{
	{"candidate", "", "whose wins are counted"},
	{"baseline", "", "what it is compared with, by prompt, user and sample"},
	{"judge", "", "who decides"},
	{"ties", "", "of w wins, l losses and t ties: w/(w+l), w/(w+l+t), (w+t/2)/(w+l+t), (w+t)/(w+l+t)"},
	{"rule", "", "who wins a user: w > l, and w = l is a tie; or as in the authors' notebook: (w+t)/(w+l+t) > 1/2, and 1/2 counts as won, with (w+t)/(w+l+2t) per sample"},
	{"paper", "", "published values, shown beside ours"},
}

var agreementKeys = schema{
	{"judge", "", "who is judged"},
	{"data", "", "comparisons whose choices it should know"},
	{"paper", "", "published values, shown beside ours"},
}

var claimKeys = schema{
	{"that", "", "statement on results; false: apply exits 2"},
	{"text", "", "how the report words it; not given: its source"},
	{"note", "", "printed with it"},
}

var reportKeys = schema{
	{"title", "", "of the report"},
	{"show", "", "what is drawn: dataset, train, adapt, accuracy, generate, win_rate, agreement"},
	{"samples", "texts per user", "how many are printed"},
	{"users", "", "how users appear"},
	{"user_texts", "", "whether the texts about users are printed"},
	{"tolerance", "the result's unit", "distance that prlhf test lets pass where another machine computed the golden report; an object for each kind of table apart"},
}

var sectionKeys = schema{
	{"show", "", "what is drawn under the heading; required without methods"},
	{"methods", "", "one table of several methods, a row each: what was measured of it, and what training, storing and serving it costs"},
	{"text", "", "printed under the heading"},
}

// toleranceKeys are the types of blocks that tables of a report show.
var toleranceKeys = schema{
	{"dataset", "counts", "tables of a data set"},
	{"train", "as printed", "tables and curves of a training"},
	{"accuracy", "share", "accuracies"},
	{"generate", "words", "words per text, and rewards"},
	{"adapt", "share", "accuracies of users who are new"},
	{"win_rate", "share", "win rates"},
	{"agreement", "share", "how often a judge agrees"},
	{"methods", "as printed", "tables of methods"},
}
