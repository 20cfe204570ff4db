package dsl

// What the instances of a block offer to expressions: sets, settings and results (language/README section 4).

// offer is one name that can be written after a block's address.
type offer struct {
	name    string
	meaning string // one line, without a full stop
}

// offered lists the names of each block type; results have the shapes of shape.go. A user model and an objective offer their
// attributes instead.
var offered = map[string][]offer{
	"dataset": {
		{"train", "what is trained on"},
		{"test", "the other comparisons"},
		{"prompts", "distinct prompts"},
		{"responses", "both responses of each comparison, or those that format responses has"},
		{"users", `users with rows in train; users["ID"] is one of them`},
		{"unseen_users", `users without; unseen_users["ID"] is one of them`},
		{"groups", "users of a group"},
		{"statistics", "counts before unusable rows go; kept is what is left. seen_GROUP and unseen_GROUP count within a group"},
		{"paper", "what was written there"},
	},
	"train": {
		{"data", "what it was given; a score may then ask for the rows that were trained on"},
		{"base", "what it was given"},
		{"user_model", "what it was given"},
		{"objective", "what it was given"},
		{"parameters", "how many are trained in user model and adapter, and how many the base has"},
		{"curves", "numbers by step; top, generic, average with evaluate; reward, kl, entropy, length, clipped of rloo, grpo, ppo"},
	},
	"accuracy": {
		{"top", "over all comparisons of seen users"},
		{"generic", "over unseen users, as user 0"},
		{"average", "mean and standard error over seen users"},
		{"groups", "the average over a group's seen users"},
		{"users", "of one user"},
		{"vote_gap", "mean distance of sigma(margin) from the share of votes for the same pair, within the group"},
		{"control", "with another user in the place of each: one other, shuffled, or user 0"},
		{"ties", "comparisons whose two responses are ranked alike"},
		{"longer_wins", "what preferring the longer response would get, of all that is compared"},
		{"longer", "the same shares of a policy that prefers the longer response, on the same comparisons"},
		{"paper", "what was written there"},
	},
	"generate": {
		{"words", "words of a text"},
		{"reward", "of a text, where reward is given"},
		{"paper", "what was written there"},
	},
	"adapt": {
		{"after", "an accuracy by number of comparisons, after[5]"},
		{"paper", "what was written there"},
	},
	"win_rate": {
		{"per_sample", "over pairs"},
		{"per_user", "share of users won"},
		{"average", "mean and standard error over the users' own rates"},
		{"seen", "over the pairs of users seen by the candidate"},
		{"unseen", "over the pairs of the others"},
		{"groups", "the average over a group's users"},
		{"users", "of one user"},
		{"length_controlled", "at equal length (docs/judging.md)"},
		{"ties", "share of judged pairs"},
		{"flipped", "share of judged pairs in which each order named another side"},
		{"failed", "share of pairs without a verdict"},
		{"verdicts", "what the rates are made of: judged is wins, losses and ties"},
		{"sign_test", "two-sided p of so many wins among wins and losses; of several seeds the largest"},
		{"detectable", "the smallest distance from one half that so many decided pairs find in 4 of 5 cases at the 5 % level"},
		{"longer_wins", "the longer text's rate under the same verdicts, per sample"},
		{"longer", "the same rates of the longer text of each pair"},
		{"matrix", "of all win rates with this judge and tie rule: a method's win rate against another; a block with for_each offers it too"},
		{"longer_matrix", "likewise, the longer text's rate in the same pairs"},
		{"scores", "likewise, Bradley-Terry scores on one scale: log odds, mean 0"},
		{"paired", "likewise, two methods on what both were asked against a third: difference of their rates, McNemar's p, corrected by Holm too, and the longer text's rate in the pairs of the one and of the other"},
		{"paper", "what was written there"},
	},
	"agreement": {
		{"share", "choices that the judge shares"},
		{"kappa", "Cohen's kappa, from -1 to 1"},
		{"users", "choices of one user that the judge shares"},
		{"flipped", "share of comparisons in which each order named another side"},
		{"first_wins", "how often the response shown first wins"},
		{"longer_wins", "how often the longer response wins"},
		{"longer", "the share, and of one user, of the longer response under the same verdicts"},
		{"verdicts", "what the share is made of: judged is agreed, disagreed and ties"},
		{"tokens", "of the judge, questions and answers, per 1,000 verdicts"},
		{"paper", "what was written there"},
	},
}

// offers lists what can be written after the address of a block of that type.
func offers(typ string) []string {
	if typ == "user_model" || typ == "objective" {
		return schemas[typ].names()
	}
	var names []string
	for _, o := range offered[typ] {
		names = append(names, o.name)
	}
	return names
}
