package dsl

// What made-up data of each format can be asked for.

// psoupsUsers is the number of P-SOUPS' users, one for each profile.
const psoupsUsers = 6

// Made-up questions: so many are asked in comparisons, and others in prompts.
const (
	mostQuestions = 820
	mostPrompts   = 204
)

// madeUp checks the sizes against the format.
func (f *fields) madeUp(s *Synthetic) {
	if f.broken["format"] {
		return
	}
	if s.Format != "tldr" {
		f.belongs([]string{"votes", "cyclic"}, `format = "tldr"`)
		s.Votes, s.Cyclic = 1, false
	}
	most := 0
	switch s.Format {
	case "psoups":
		if s.Users != psoupsUsers && f.has("users") && !f.broken["users"] {
			f.say("users", "Out of range", "users is %d with format = \"psoups\", one for each profile; this is %d.", psoupsUsers, s.Users)
		}
		s.Users, most = psoupsUsers, mostQuestions
	case "prism":
		most = mostQuestions
		if s.Comparisons < s.Users && !f.broken["comparisons"] && !f.broken["users"] {
			f.say("comparisons", "Out of range", "comparisons is %d; each of the %d users needs one or more.", s.Comparisons, s.Users)
		}
	case "prompts":
		f.belongs([]string{"users", "comparisons"}, "made-up comparisons; prompts have none")
		most = mostPrompts
		if !s.PromptsSet {
			s.Prompts = most
		}
	}
	if most > 0 && s.Prompts > most && !f.broken["prompts"] {
		f.say("prompts", "Out of range", "prompts is the number of distinct prompts, at most %d with format = %q; this is %d.", most, s.Format, s.Prompts)
	}
}
