package dsl

// Made-up data in which several users judge each pair: what numbers of prompts, pairs and comparisons fit together.

// pairsPerPrompt is how many pairs that share no answer a made-up prompt has, and how many a circle of three answers has.
const pairsPerPrompt = 3

// votes checks that comparisons are so many pairs with so many votes each. Prompts that are not given are as many as the
// pairs allow, up to the default.
func (f *fields) votes(s *Synthetic) {
	if f.broken["votes"] || f.broken["prompts"] || f.broken["comparisons"] || f.broken["cyclic"] {
		return
	}
	at := "comparisons"
	if !f.has(at) {
		at = "votes"
	}
	pairs := s.Comparisons / s.Votes
	if !s.PromptsSet && s.Cyclic {
		s.Prompts = max(pairs/pairsPerPrompt, 1)
	} else if !s.PromptsSet {
		s.Prompts = max(min(s.Prompts, pairs), 1)
	}
	least, most := s.Prompts*s.Votes, pairsPerPrompt*s.Prompts*s.Votes
	switch {
	case s.Cyclic && s.Comparisons != most && !s.PromptsSet:
		f.say(at, "Numbers do not fit", "comparisons is %d; cyclic makes three pairs of each prompt, so with votes = %d it must be a multiple of %d.",
			s.Comparisons, s.Votes, pairsPerPrompt*s.Votes)
	case s.Cyclic && s.Comparisons != most:
		f.say(at, "Numbers do not fit", "comparisons is %d; cyclic makes three pairs of each prompt, so with prompts = %d and votes = %d it must be 3 x %d x %d = %d.",
			s.Comparisons, s.Prompts, s.Votes, s.Prompts, s.Votes, most)
	case s.Comparisons%s.Votes != 0:
		f.say(at, "Numbers do not fit", "comparisons is %d; with votes = %d each pair is judged %d times, so it must be a multiple of %d.", s.Comparisons, s.Votes, s.Votes, s.Votes)
	case s.Comparisons < least || s.Comparisons > most:
		f.say(at, "Numbers do not fit", "comparisons is %d; with prompts = %d and votes = %d each prompt has one to three pairs, so it must be from %d to %d.",
			s.Comparisons, s.Prompts, s.Votes, least, most)
	}
}
