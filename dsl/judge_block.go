package dsl

import (
	"net/url"
	"regexp"
	"slices"
)

// ofJudge says which keys belong to which kinds of judges; the others serve all.
var ofJudge = []struct {
	keys []string
	kind string
}{
	{[]string{"model", "base_url", "key_env", "temperature", "max_answer_tokens", "template", "template_file", "price", "budget", "limits"}, "openai"},
	{[]string{"prefers", "pattern"}, "rule"},
	{[]string{"reward"}, "reward"},
	{[]string{"verdicts"}, "replay"},
	{[]string{"members"}, "panel"},
}

// judgeBlock reads a judge block.
func (f *fields) judgeBlock(block Block) *Judge {
	j := f.judge()
	j.Block = block
	return j
}

// judgeOf reads the attribute judge: a judge block, or an object with the same keys.
func (f *fields) judgeOf(block Block) *Judge {
	built, in := f.setting("judge", judgeKeys)
	if in != nil {
		j := in.judge()
		j.Block = block
		return j
	}
	j, _ := built.(*Judge)
	return j
}

// judge reads the settings of a judge.
func (f *fields) judge() *Judge {
	f.typ = "judge"
	j := &Judge{
		Kind:      f.word("kind", "", "openai", "rule", "reward", "replay", "panel"),
		MaxFailed: f.number("max_failed", 0.02, "the share of verdicts that may be unusable", between(0, 1)),
		Order:     f.word("order", "both", "both", "random"),
		Seed:      f.seed(),
	}
	if f.broken["kind"] || j.Kind == "" {
		return j
	}
	for _, group := range ofJudge {
		if group.kind != j.Kind {
			f.belongs(group.keys, `kind = "`+group.kind+`"`)
		}
	}
	switch j.Kind {
	case "openai":
		f.vendorJudge(j)
	case "rule":
		f.ruleJudge(j)
	case "reward":
		f.needed(j.Kind, "reward", "the reward model")
		j.Reward = f.rewardModel("reward")
	case "replay":
		f.needed(j.Kind, "verdicts", "the file of recorded verdicts")
		if f.has("verdicts") && f.text("verdicts", "") != "" {
			j.Verdicts = f.path("verdicts")
		}
	case "panel":
		f.needed(j.Kind, "members", "a list of judges")
		j.Members = f.members()
	}
	return j
}

// needed says which key a kind cannot do without.
func (f *fields) needed(kind, key, what string) {
	if !f.has(key) && !f.broken[key] {
		f.say("kind", "Missing key", "kind = %q needs %s, %s.", kind, key, what)
	}
}

func (f *fields) vendorJudge(j *Judge) {
	f.needed(j.Kind, "model", "the vendor's name of a model")
	j.Model, j.BaseURL = f.text("model", ""), f.text("base_url", "https://api.openai.com/v1")
	if !f.broken["base_url"] {
		f.server(j.BaseURL)
	}
	j.KeyEnv = f.text("key_env", "OPENAI_API_KEY")
	if !f.broken["key_env"] && !variableName.MatchString(j.KeyEnv) {
		f.say("key_env", "Not a name", "key_env is the name of an environment variable that holds the key, never the key itself.")
	}
	j.Temperature = f.number("temperature", 0, "how random the answers are", atLeast(0))
	j.MaxAnswerTokens = f.count("max_answer_tokens", 512, "the most tokens of an answer", 1)
	if f.has("template") && f.has("template_file") {
		f.say("template_file", "Two ways", "template and template_file exclude each other. Keep one.")
	}
	if f.has("template_file") && f.text("template_file", "") != "" {
		j.TemplateFile = f.path("template_file")
	} else {
		j.Template = f.word("template", "alpacafarm", "alpacafarm", "role_play")
	}
	if in := f.object("price", priceKeys); in != nil {
		j.Price = &Price{
			Input:  in.number("input", 0, "USD per million tokens", atLeast(0)),
			Output: in.number("output", 0, "USD per million tokens", atLeast(0)),
		}
	}
	if in := f.object("budget", budgetKeys); in != nil {
		j.Budget = Budget{
			Requests: in.count("requests", 0, "the most requests in all", 1),
			Tokens:   in.count("tokens", 0, "the most tokens in all", 1),
			USD:      in.number("usd", 0, "the most USD in all", above(0)),
		}
		if j.Budget.USD > 0 && j.Price == nil {
			in.say("usd", "Missing key", "budget.usd needs price = { input = ..., output = ... }, in USD per million tokens.")
		}
	}
	j.Limits = Limits{Concurrent: 8}
	if in := f.object("limits", limitKeys); in != nil {
		j.Limits = Limits{
			RequestsPerMinute: in.count("requests_per_minute", 0, "the most requests a minute", 1),
			TokensPerMinute:   in.count("tokens_per_minute", 0, "the most tokens a minute", 1),
			Concurrent:        in.count("concurrent", 8, "the most requests at one time", 1),
		}
	}
}

// server checks the address of a judge's server. It is in fingerprints, errors and reports, so it must hold no secret.
func (f *fields) server(address string) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		f.say("base_url", "Not an address", "base_url is the address of a server, such as https://api.openai.com/v1.")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		f.say("base_url", "More than an address", "base_url is written into reports, so it takes no user, password or query: the key is read from the environment variable that key_env names.")
	}
}

// variableName is what an environment variable may be called; keys of vendors do not look like it.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

func (f *fields) ruleJudge(j *Judge) {
	if f.has("prefers") && f.has("pattern") {
		f.say("pattern", "Two ways", "prefers and pattern exclude each other. Keep one.")
	}
	if f.has("pattern") {
		j.Pattern = f.text("pattern", "")
		if _, err := regexp.Compile(j.Pattern); err != nil && !f.broken["pattern"] {
			f.say("pattern", "Not an expression", "pattern is a regular expression: %v.", err)
		}
		return
	}
	j.Prefers = f.word("prefers", "simulated", "simulated", "longer", "shorter", "plainer")
}

// members reads a panel's judges: judge blocks with an odd number of voices, none of them a panel.
func (f *fields) members() []*Judge {
	f.hear(reading{path: "members", takes: "list of judges"})
	v, ok := f.get("members")
	if !ok {
		return nil
	}
	if !isList(v) || v.LengthInt() < 2 {
		f.wrongType("members", "a list of two judges or more", v)
		return nil
	}
	var all []*Judge
	for i, item := range v.AsValueSlice() {
		r := asRef(item)
		if r == nil || r.kind != refInstance || r.inst.addr.Type != "judge" {
			f.say("members", "Not a judge", "members takes judges, judge.NAME; item %d is %s.", i+1, kindText(item))
			return nil
		}
		j, ok := r.inst.built.(*Judge)
		switch {
		case !ok:
			return nil
		case j.Kind == "panel":
			f.say("members", "A panel in a panel", "%s is a panel itself; list its members.", r.inst.addr)
			return nil
		case slices.Contains(all, j):
			f.say("members", "Twice the same", "%s is in members twice.", r.inst.addr)
			return nil
		}
		all = append(all, j)
	}
	return all
}

// winRate reads a win_rate block.
func (f *fields) winRate(block Block, inst *instance) *WinRate {
	w := &WinRate{Block: block, Ties: f.word("ties", "half", "exclude", "loss", "half", "both"), Rule: f.word("rule", "paper", "paper", "notebook")}
	w.Candidate, _ = f.set("candidate", ResponseSet)
	w.Baseline, _ = f.set("baseline", ResponseSet)
	w.Judge = f.judgeOf(block)
	if w.Candidate != nil && w.Baseline != nil && w.Candidate.String() == w.Baseline.String() {
		f.say("baseline", "Compared with itself", "candidate and baseline are both %s.", w.Candidate)
	}
	groups, fixed := usersOfResponses(w.Candidate)
	inst.shape = winRateShape(groups, fixed)
	w.Paper = f.paper(inst.shape)
	return w
}

// usersOfResponses are the group names of the users whom responses are for.
func usersOfResponses(s *Set) ([]string, bool) {
	if s == nil || s.Op != SetGenerated || s.Generate == nil {
		return fixedGroups(s)
	}
	if g := s.Generate; g.Users != nil {
		return fixedGroups(g.Users)
	}
	return fixedGroups(s.Generate.Prompts)
}

// agreement reads an agreement block.
func (f *fields) agreement(block Block, inst *instance) *Agreement {
	a := &Agreement{Block: block, Judge: f.judgeOf(block)}
	a.Data, _ = f.set("data", RowSet)
	f.pairsOnly("data", a.Data, "agreement compares", "")
	inst.shape = agreementShape()
	a.Paper = f.paper(inst.shape)
	return a
}
