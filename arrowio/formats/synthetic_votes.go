package formats

// Made-up votes: several workers judge each pair of answers, so that there is a share of votes that a reward model can be
// held against, and answers in a circle, whose votes no reward model can give (Lemmas 3.2 and 3.3 of the paper).

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// circleShare is the share of votes that go with the circle. Three rewards that gave it would have differences of log 4
// each, which must add up to 0 around the circle and add up to 3 log 4.
const circleShare = 0.8

// circle is the number of answers in one, and so of its pairs.
const circle = 3

// ballot is a pair of answers to a post that several workers judge.
type ballot struct {
	post  post
	pair  [2]tldrSummary
	first int // how many of the votes are for pair[0]
}

func (cfg SyntheticConfig) voted() bool { return cfg.Votes > 1 || cfg.Cyclic }

// checkVotes says what numbers fit together: a pair of every vote, and at most summariesPerPost pairs of a post.
func (cfg SyntheticConfig) checkVotes() error {
	votes, pairs := cfg.Votes, cfg.Comparisons/cfg.Votes
	switch {
	case votes > cfg.Users:
		return fmt.Errorf("%d votes for each pair need as many users; there are %d", votes, cfg.Users)
	case cfg.Cyclic && cfg.Comparisons != circle*cfg.Prompts*votes:
		return fmt.Errorf("%d prompts with three pairs of %d votes each have %d comparisons; asked for %d", cfg.Prompts, votes, circle*cfg.Prompts*votes, cfg.Comparisons)
	case cfg.Comparisons%votes != 0 || pairs < cfg.Prompts || pairs > summariesPerPost*cfg.Prompts:
		return fmt.Errorf("%d prompts with one to %d pairs of %d votes each have %d to %d comparisons, a multiple of %d; asked for %d",
			cfg.Prompts, summariesPerPost, votes, cfg.Prompts*votes, summariesPerPost*cfg.Prompts*votes, votes, cfg.Comparisons)
	}
	return nil
}

// vote makes every comparison: each ballot with its workers, in random order.
func (cfg SyntheticConfig) vote(posts []post, random *rand.Rand) []tldrLine {
	ballots := cfg.ballots
	if cfg.Cyclic {
		ballots = cfg.circles
	}
	var lines []tldrLine
	for _, b := range ballots(posts, random) {
		for i, worker := range cfg.voters(random) {
			lines = append(lines, b.line(worker, i < b.first, random))
		}
	}
	random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	return lines
}

// ballots are pairs of a long and a short summary. Shares go evenly over 1/votes ... (votes-1)/votes, and for each of them
// the long summary is the first as often as the short one. Pairs of one post share no answer: some reward gives any shares.
func (cfg SyntheticConfig) ballots(posts []post, random *rand.Rand) []ballot {
	shares := cfg.Votes - 1
	all := make([]ballot, cfg.Comparisons/cfg.Votes)
	for i, k := range random.Perm(len(all)) {
		p := posts[i%len(posts)]
		pair := [2]tldrSummary{p.summary(p.long[i/len(posts)], random), p.summary(p.short[i/len(posts)], random)}
		if k/shares%2 == 1 {
			pair[0], pair[1] = pair[1], pair[0]
		}
		all[i] = ballot{p, pair, 1 + k%shares}
	}
	return all
}

// circles are three answers a, b, c to each post, and a majority each for a over b, b over c and c over a.
func (cfg SyntheticConfig) circles(posts []post, random *rand.Rand) []ballot {
	most := max(cfg.Votes/2+1, int(math.Round(circleShare*float64(cfg.Votes))))
	var all []ballot
	for _, p := range posts {
		answers := p.unequal(circle, random)
		for i, a := range answers {
			all = append(all, ballot{p, [2]tldrSummary{a, answers[(i+1)%circle]}, most})
		}
	}
	return all
}

// unequal draws n summaries of the post of different lengths, so that whoever prefers longer ones has an answer. In what
// order they come, and so which of a pair is the longer one, is chance.
func (p post) unequal(n int, random *rand.Rand) []tldrSummary {
	texts := slices.Concat(p.long, p.short)
	var out []tldrSummary
	for _, i := range random.Perm(len(texts)) {
		same := func(s tldrSummary) bool { return characters(s.Text) == characters(texts[i]) }
		if len(out) < n && !slices.ContainsFunc(out, same) {
			out = append(out, p.summary(texts[i], random))
		}
	}
	return out
}

// voters draws who judges a pair: different workers, those with more comparisons elsewhere (dealWorkers) more often.
func (cfg SyntheticConfig) voters(random *rand.Rand) []string {
	type worker struct {
		name string
		time float64 // the first to come are drawn: at a rate that is the worker's weight
	}
	workers := make([]worker, cfg.Users)
	for k := range workers {
		workers[k] = worker{workerName(k, cfg.Users), random.ExpFloat64() / float64(2*cfg.Users-k)}
	}
	slices.SortFunc(workers, func(a, b worker) int { return cmp.Compare(a.time, b.time) })
	drawn := workers[:cfg.Votes]
	random.Shuffle(len(drawn), func(i, j int) { drawn[i], drawn[j] = drawn[j], drawn[i] })
	names := make([]string, len(drawn))
	for i, w := range drawn {
		names[i] = w.name
	}
	return names
}

// line is one vote, the two answers in random order.
func (b ballot) line(worker string, forFirst bool, random *rand.Rand) tldrLine {
	pair, choice := b.pair, 1
	if forFirst {
		choice = 0
	}
	if random.IntN(2) == 1 {
		pair[0], pair[1], choice = pair[1], pair[0], 1-choice
	}
	return b.post.line(pair, choice, worker, random)
}
