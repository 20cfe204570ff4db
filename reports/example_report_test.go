// A report as quickstart would give one, with everything in it that a renderer has to cope with. The numbers are made up.

package reports

import "math"

var nan = math.NaN()

func pointer(x float64) *float64 { return &x }

// users is an estimate over users: mean, SE and their number.
func users(mean, se float64, n int) Estimate {
	e := MeanSE(mean, se)
	e.N = n
	return e
}

// pooled is an estimate over comparisons with its interval.
func pooled(mean, low, high float64, n int) Estimate {
	e := Just(mean)
	e.Low, e.High, e.N = low, high, n
	return e
}

// overSeeds adds the standard deviation over training runs.
func overSeeds(e Estimate, sd float64) Estimate {
	e.SDRuns = sd
	return e
}

// words is an estimate of lengths with the median text.
func words(mean, se, median float64, n int) Estimate {
	e := users(mean, se, n)
	e.Median = median
	return e
}

func quickstartReport() *Report {
	return &Report{
		Title: "Who gets the summary they want?",
		Summary: []Claim{
			{Addr: "claim.vanilla_fails_the_minority", Text: `accuracy.test["vanilla"].groups.minority.mean < 0.5`, Holds: true,
				Values: "accuracy.test[\"vanilla\"].groups.minority.mean = 3.08 %"},
			{Addr: `claim.both_groups_are_served["individual"]`, Text: "Both groups are served: above 90 % in the majority and in the minority.", Holds: true,
				Values: "groups.majority.mean = 95.24 %, groups.minority.mean = 100.00 %"},
			{Addr: `claim.both_groups_are_served["cluster"]`, Text: "Both groups are served: above 90 % in the majority and in the minority.", Holds: false,
				Values: "groups.majority.mean = 94.87 %, groups.minority.mean = 88.46 %; expected both above 90.00 %",
				Note:   "Two clusters are found only with a user_lr above 1e-3; the authors use K = 5 for ten users."},
			{Addr: "claim.minority_gets_short_texts", Text: "local.words.groups.minority.median <= 2", Holds: true, Seeds: 3, SeedsHold: 3},
			{Addr: "claim.cluster_beats_vanilla", Text: "The cluster model is ahead of vanilla among unseen users too.", Holds: true, Seeds: 3, SeedsHold: 2,
				Values: `accuracy.test["cluster"].generic.mean = 0.9489, accuracy.test["vanilla"].generic.mean = 0.9487`},
			{Addr: "claim.individual_beats_vanilla", Text: "So is the individualized one.", Holds: false, Seeds: 3, SeedsHold: 1,
				Values: `accuracy.test["individual"].generic.mean = 0.9431, accuracy.test["vanilla"].generic.mean = 0.9487`},
			{Addr: "claim.generic_is_as_long_as_vanilla", Text: `abs(local.words.generic.mean / generate.summaries["vanilla"].words.generic.mean - 1) < 0.15`, Holds: false,
				Error: `generate.summaries["vanilla"].words.generic has no value: no prompt was left after 20 over-long ones were dropped.`},
		},
		Sections: []Section{
			{
				Heading: "Accuracy",
				Text: "Share of held-out comparisons that a policy's own implicit reward ranks as the worker did. Ties count as wrong.\n\n" +
					"Ordinary DPO follows the majority; a policy that knows whose comparison it sees need not.",
				Blocks: []Block{accuracyTable(), accuracyBars(), topCurve()},
			},
			{Heading: "Training", Blocks: []Block{lossCurve(), logpCurve()}},
			{Heading: "Words per user", Blocks: []Block{wordsTable(), wordsBars(), userMap(), summaries()}},
			{Heading: "Win rates", Blocks: []Block{judged()}},
			{Heading: "Data", Blocks: []Block{dataTable(), dataFacts()}},
		},
		Provenance: []Fact{
			{"spec", "quickstart.hcl"},
			{"prlhf", "0.1.0"},
			{"libtorch", "2.11.0 (CPU, 2 threads, fp32)"},
			{"seeds", "dataset.posts 0, model.tiny 0, train.sft 0, train.dpo 0"},
			{`train.dpo["vanilla"]`, "3f8c1d2b9a7e4c56708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7"},
			{`train.dpo["individual"]`, "9a0b1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f5061728394a5b6c7d8e9"},
		},
	}
}

func accuracyTable() *Table {
	return &Table{
		Name: "accuracy.test", Title: "Accuracy on held-out comparisons", RowHead: "policy",
		Columns: []string{"top", "generic", "average, majority", "average, minority", "ties"},
		Rows: []Row{
			{"vanilla", []Cell{
				PercentCell(pooled(0.6814, 0.4011, 0.9523, 1024)).Beside(Just(0.5891)),
				PercentCell(pooled(0.9487, 0.9301, 0.9674, 176)).Beside(Just(0.5537)),
				PercentCell(users(0.9592, 0.0122, 7)).Beside(MeanSE(0.7482, 0.0122)),
				PercentCell(users(0.0308, 0.0109, 3)).Beside(MeanSE(0.2510, 0.0109)),
				ShareCell(0),
			}},
			{"individual", []Cell{
				PercentCell(pooled(0.9668, 0.9512, 0.9824, 1024)).Beside(Just(0.9104)),
				PercentCell(pooled(0.9431, 0.9255, 0.9607, 176)).Beside(Just(0.5534)),
				PercentCell(overSeeds(users(0.9524, 0.0057, 7), 0.0031)).Beside(MeanSE(0.8926, 0.0057)),
				PercentCell(users(1, 0, 3)).Beside(MeanSE(0.9435, 0.0028)),
				ShareCell(0.0012),
			}},
			{"cluster", []Cell{
				PercentCell(pooled(0.9291, 0.9012, 0.9583, 1024)).Beside(Just(0.9112)),
				{Kind: Percent, Value: Just(nan), Note: "untrained"},
				PercentCell(users(0.9487, 0.0074, 7)).Beside(MeanSE(0.8924, 0.0074)),
				PercentCell(users(0.8846, 0.0412, 3)).Beside(MeanSE(0.9478, 0.0018)),
				DashCell(),
			}},
		},
		Notes: []string{
			"top: pooled over comparisons of seen users, 95 % interval by bootstrap over users. average: mean ± standard error (n - 1) over n users.",
		},
	}
}

func accuracyBars() *Plot {
	return &Plot{
		Name: "accuracy.test.groups", Title: "Accuracy by group", XLabel: "group", YLabel: "accuracy", Kind: Bars, Percent: true,
		Categories: []string{"majority", "minority"}, Rule: pointer(0.5), RuleName: "chance",
		Series: []Series{
			{Name: "vanilla", Y: []float64{0.9592, 0.0308}, Low: []float64{0.947, 0.0199}, High: []float64{0.9714, 0.0417}},
			{Name: "paper", Y: []float64{0.7482, 0.2510}, Dashed: true},
			{Name: "individual", Y: []float64{0.9524, 1}, Low: []float64{0.9467, 1}, High: []float64{0.9581, 1}},
			{Name: "paper", Y: []float64{0.8926, 0.9435}, Dashed: true},
			{Name: "cluster", Y: []float64{0.9487, 0.8846}, Low: []float64{0.9413, 0.8434}, High: []float64{0.9561, 0.9258}},
			{Name: "paper", Y: []float64{0.8924, 0.9478}, Dashed: true},
		},
		Notes: []string{"Error bars: ± one standard error over users."},
	}
}

// saturating is a learning curve of 31 points from start to end.
func saturating(start, end, rate float64) (steps, values []float64) {
	for step := 0; step <= 300; step += 10 {
		x := float64(step)
		steps = append(steps, x)
		values = append(values, end-(end-start)*math.Exp(-x/rate)+0.004*math.Sin(x/7))
	}
	return steps, values
}

func topCurve() *Plot {
	x, vanilla := saturating(0.5, 0.68, 20)
	_, individual := saturating(0.5, 0.965, 60)
	_, cluster := saturating(0.5, 0.925, 90)
	return &Plot{
		Name: "train.dpo.top", Title: "Accuracy-top during training", XLabel: "step", YLabel: "accuracy", Kind: Lines, Percent: true,
		Series: []Series{
			{Name: "vanilla", X: x, Y: vanilla},
			{Name: "individual", X: x, Y: individual},
			{Name: "individual, paper", X: []float64{0, 300}, Y: []float64{0.9104, 0.9104}, Dashed: true},
			{Name: "cluster", X: x, Y: cluster},
		},
	}
}

func lossCurve() *Plot {
	x, vanilla := saturating(0.6931, 0.52, 50)
	_, individual := saturating(0.6931, 0.21, 70)
	individual[20] = nan
	low, high := make([]float64, len(x)), make([]float64, len(x))
	for i := range x {
		low[i], high[i] = vanilla[i]-0.03, vanilla[i]+0.03
	}
	return &Plot{
		Name: "train.dpo.loss", Title: "Loss", XLabel: "step", YLabel: "loss per comparison", Kind: Lines,
		Series: []Series{
			{Name: "vanilla", X: x, Y: vanilla, Low: low, High: high},
			{Name: "individual", X: x, Y: individual},
		},
		Notes: []string{"Band: the lowest and highest of 3 seeds."},
	}
}

func logpCurve() *Plot {
	x, chosen := saturating(-42, -38, 90)
	_, rejected := saturating(-42, -71, 120)
	return &Plot{
		Name: `train.dpo["individual"].logps`, Title: "Log-probs of responses, individual", XLabel: "step", YLabel: "summed log-prob", Kind: Lines,
		Series: []Series{{Name: "chosen", X: x, Y: chosen}, {Name: "rejected", X: x, Y: rejected}},
	}
}

func wordsTable() *Table {
	return &Table{
		Name: "generate.summaries", Title: "Words of generated summaries", RowHead: "policy",
		Columns: []string{"generic", "average, majority", "average, minority", "texts"},
		Rows: []Row{
			{"sft", []Cell{NumberCell(words(14.05, nan, 17, 0), 2), DashCell(), DashCell(), CountCell(20)}},
			{"vanilla", []Cell{NumberCell(words(19.95, nan, 20, 0), 2), DashCell(), DashCell(), CountCell(20)}},
			{"individual", []Cell{NumberCell(words(19.8, nan, 20, 0), 2), NumberCell(words(20.31, 0.12, 20, 7), 2), NumberCell(words(2.02, 0.01, 2, 3), 2), CountCell(220)}},
			{"cluster", []Cell{NumberCell(words(19.75, nan, 20, 0), 2), NumberCell(words(20.11, 0.2, 20, 7), 2), NumberCell(words(4.4, 1.31, 2, 3), 2), CountCell(1220)}},
		},
		Notes: []string{"One text for everybody where the policy takes no account of the user."},
	}
}

func wordsBars() *Plot {
	return &Plot{
		Name: `generate.summaries["individual"].words`, Title: "Words per user, individual (Figure 3)", XLabel: "worker", YLabel: "words", Kind: Bars,
		Categories: []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "S", "V", "G"},
		Series: []Series{
			{Name: "majority", Y: []float64{20.4, 20.1, 20.6, nan, nan, nan, 19.9, 20.5, 20.3, 20.4, nan, nan, nan},
				Low:  []float64{20, 19.8, 20.2, nan, nan, nan, 19.5, 20.1, 20, 20.1, nan, nan, nan},
				High: []float64{20.8, 20.4, 21, nan, nan, nan, 20.3, 20.9, 20.6, 20.7, nan, nan, nan}},
			{Name: "minority", Y: []float64{nan, nan, nan, 2, 0, 2.05, nan, nan, nan, nan, nan, nan, nan},
				Low:  []float64{nan, nan, nan, 2, 0, 2, nan, nan, nan, nan, nan, nan, nan},
				High: []float64{nan, nan, nan, 2, 0, 2.1, nan, nan, nan, nan, nan, nan, nan}},
			{Name: "nobody's own", Y: []float64{nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, 14.05, 19.95, 19.8},
				Low:  []float64{nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, 12.6, 19.6, 19.3},
				High: []float64{nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, 15.5, 20.3, 20.3}},
		},
		Notes: []string{"S: SFT, V: vanilla, G: generic. Error bars: ± one standard error over 20 prompts."},
	}
}

func userMap() *Plot {
	return &Plot{
		Name: `train.dpo["individual"].users`, Title: "Map of user embeddings", XLabel: "first component", YLabel: "second component", Kind: Dots,
		Series: []Series{
			{Name: "majority", X: []float64{-1.1, -0.9, -1.3, -0.7, -1.02, -0.81, -1.2}, Y: []float64{0.1, 0.32, -0.2, 0.05, -0.35, -0.12, 0.21},
				Labels: []string{"1", "2", "3", "7", "8", "9", "10"}},
			{Name: "minority", X: []float64{1.8, 2.1, 2.05}, Y: []float64{-0.1, 0.2, -0.33}, Labels: []string{"4", "5", "6"}},
			{Name: "generic", X: []float64{0.02}, Y: []float64{0.01}, Labels: []string{"0"}, Landmark: true},
		},
	}
}

func summaries() *Samples {
	return &Samples{
		Name: "generate.summaries", Title: "Samples", Sources: []string{"sft", "vanilla", "individual", "cluster"},
		Items: []Sample{
			{User: "worker 1", Group: "majority",
				Prompt: "SUBREDDIT: r/relationships\nTITLE: My sister wants to borrow the car again\nPOST: She has borrowed it three times this month and the tank was empty each time.",
				Texts: []string{
					"My sister borrowed my car three times.",
					"My sister has borrowed the car three times this month and left the tank empty each time, and now she asks again.",
					"My sister has borrowed the car three times this month, the tank was empty each time, and I do not know how to say no.",
					"Sister wants the car again though she leaves the tank empty each time.",
				}},
			{User: "worker 5", Group: "minority",
				Prompt: "SUBREDDIT: r/tifu\nTITLE: TIFU by <script>alert(1)</script>\nPOST: ```I pasted``` | a table | and <img src=x onerror=alert(1)> into the wrong window.",
				Texts:  []string{"Pasted **markup** into [a](http://example.com) window.", "# Pasted & broke it\n- all of it\n- twice", "", " \n"}},
			{User: "generic user", Prompt: "SUBREDDIT: r/advice\nTITLE: Tabs\tor blanks?",
				Texts: []string{"Tabs.", "Blanks, as everybody on the team has used them for years.", "Blanks, as the team does.", "Blanks."}},
		},
	}
}

func judged() *Verdicts {
	return &Verdicts{
		Name: `win_rate.summaries["vanilla"].judged`, Title: "Verdicts: individual against vanilla", Candidate: "individual", Baseline: "vanilla",
		Notes: []string{"The first verdicts of each user and outcome: 4 of 120."},
		Items: []Verdict{
			{User: "worker 1", Group: "majority", Outcome: Won,
				Prompt:    "SUBREDDIT: r/relationships\nTITLE: My sister wants to borrow the car again",
				Candidate: "My sister has borrowed the car three times this month, and I do not know how to say no.",
				Baseline:  "My sister borrowed my car.",
				Orders: []Opinion{
					{First: "individual", Winner: "individual", Reason: "Output (a) tells what the post is about; the user likes every detail.\nFinal verdict: Output (a)"},
					{First: "vanilla", Winner: "individual", Reason: "The second one is more complete.\nFinal verdict: Output (b)"},
				}},
			{User: "worker 5", Group: "minority", Outcome: Tied,
				Prompt:    "SUBREDDIT: r/tifu\nTITLE: TIFU by <script>alert(1)</script>",
				Candidate: "", Baseline: "<b onclick=alert(1)>Pasted</b> it into the wrong window.",
				Orders: []Opinion{
					{First: "individual", Winner: "individual", Reason: "Short is what they like. </script><script>alert(2)</script>\nFinal verdict: Output (a)"},
					{First: "vanilla", Winner: "vanilla", Reason: "An empty summary is none.\nFinal verdict: Output (a)"},
				}},
			{User: "worker 5", Group: "minority", Outcome: Lost, Prompt: "SUBREDDIT: r/advice\nTITLE: Tabs or blanks?", Candidate: "Blanks, as the team has used them for years.", Baseline: "Blanks.",
				Orders: []Opinion{{First: "individual", Winner: "vanilla"}}},
			{User: "worker 4", Group: "minority", Outcome: Failed, Prompt: "SUBREDDIT: r/advice\nTITLE: Tabs or blanks?", Candidate: "Tabs.", Baseline: "Blanks.",
				Orders: []Opinion{{First: "vanilla", Winner: "no verdict", Reason: "I cannot help with that. (no verdict after \"Final verdict:\")"}}},
		},
	}
}

func dataTable() *Table {
	row := func(name string, counts ...int64) Row {
		r := Row{Name: name}
		for _, n := range counts {
			r.Cells = append(r.Cells, CountCell(n))
		}
		return r
	}
	return &Table{
		Name: "dataset.posts", Title: "Comparisons", RowHead: "users", Columns: []string{"all", "train", "test"},
		Rows: []Row{row("all", 6000, 4800, 1200), row("seen", 5120, 4096, 1024), row("seen, majority", 3584, 2867, 717),
			row("seen, minority", 1536, 1229, 307), row("unseen", 880, 704, 176)},
	}
}

func dataFacts() *Facts {
	return &Facts{Name: "dataset.posts.rows", Title: "Rows left out", Items: []Fact{
		{"identical pair", "12 (posts.jsonl:17, 230, 231, ...)"},
		{"prompt cut on the left", "0"},
	}}
}
