package formats

// Files in the tldr format, made up by seed: posts from templates, each with longer and shorter summaries, judged by a
// number of workers. Written for a tiny model that starts from nothing:
//
//   - posts begin with a varied header, so that what stands before one (a soft prompt) is not fatal to the model;
//   - a long summary says the slots of its post again, so it can be learned;
//   - a short summary has one or two words and never begins like a long one: if it did, the model could not tell which
//     of the two it is writing until it has to stop;
//   - the recorded choices are random: whoever uses the data simulates what the workers like. Those of several votes for
//     one pair have set shares (synthetic_votes.go).

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
)

// SyntheticConfig is the size of made-up data.
type SyntheticConfig struct {
	Users       int  // workers; the first has most comparisons
	Comparisons int  // in all
	Prompts     int  // distinct
	Votes       int  // workers who judge each pair; 0 and 1: one, who chooses at random
	Cyclic      bool // three answers to each prompt, whose votes go in a circle
	Seed        int64
}

// summariesPerPost is how many long ones a post has, and how many short ones.
const summariesPerPost = 3

// trainPrompts is the share of prompts whose comparisons are in the split "train"; the rest are in "valid1".
const trainPrompts = 0.8

// Synthesize writes lines in the tldr format to w.
func Synthesize(w io.Writer, cfg SyntheticConfig) error {
	if cfg.Users < 1 || cfg.Comparisons < 1 || cfg.Prompts < 1 {
		return fmt.Errorf("synthetic data need at least one user, comparison and prompt; asked for %d, %d, %d", cfg.Users, cfg.Comparisons, cfg.Prompts)
	}
	cfg.Votes = max(cfg.Votes, 1)
	if cfg.voted() {
		if err := cfg.checkVotes(); err != nil {
			return err
		}
	}
	random := newRandom(cfg.Seed, "synthetic")
	posts, err := makePosts(cfg.Prompts, random)
	if err != nil {
		return err
	}
	markSplits(posts, random)
	out := bufio.NewWriter(w)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for _, line := range cfg.comparisons(posts, random) {
		if err := lines.Encode(line); err != nil {
			return err
		}
	}
	return out.Flush()
}

func (cfg SyntheticConfig) comparisons(posts []post, random *rand.Rand) []tldrLine {
	if cfg.voted() {
		return cfg.vote(posts, random)
	}
	var lines []tldrLine
	for _, worker := range dealWorkers(cfg, random) {
		post := posts[random.IntN(len(posts))]
		lines = append(lines, post.compare(worker, random))
	}
	return lines
}

// dealWorkers returns the worker of each comparison, in random order. Worker k of n (from 0) has a share that is
// proportional to 2n - k: the first has about twice as many as the last.
func dealWorkers(cfg SyntheticConfig, random *rand.Rand) []string {
	weights := 0
	for k := range cfg.Users {
		weights += 2*cfg.Users - k
	}
	workers := make([]string, 0, cfg.Comparisons)
	before := 0
	for k := range cfg.Users {
		before += 2*cfg.Users - k
		for len(workers) < cfg.Comparisons*before/weights {
			workers = append(workers, workerName(k, cfg.Users))
		}
	}
	random.Shuffle(len(workers), func(i, j int) { workers[i], workers[j] = workers[j], workers[i] })
	return workers
}

// workerName is that of worker k of n, from 0; names sort like numbers.
func workerName(k, n int) string {
	return fmt.Sprintf("worker%0*d", max(2, len(fmt.Sprint(n))), k+1)
}

// tldrLine is a line of the format; the order of its fields is that of the file.
type tldrLine struct {
	Info      tldrInfo       `json:"info"`
	Split     string         `json:"split"`
	Summaries [2]tldrSummary `json:"summaries"`
	Choice    int            `json:"choice"`
	Worker    string         `json:"worker"`
	Batch     string         `json:"batch"`
	Extra     tldrExtra      `json:"extra"`
}

type tldrInfo struct {
	ID        string  `json:"id"`
	Post      string  `json:"post"`
	Title     string  `json:"title"`
	Subreddit string  `json:"subreddit"`
	Site      *string `json:"site"`    // null: only CNN/DM rows have one
	Article   *string `json:"article"` // likewise
}

type tldrSummary struct {
	Text   string  `json:"text"`
	Policy string  `json:"policy"`
	Note   *string `json:"note"`
}

type tldrExtra struct {
	Confidence int `json:"confidence"`
}

// post is a made-up post and what is said about it.
type post struct {
	info        tldrInfo
	split       string
	long, short []string
}

// compare makes one comparison: a long and a short summary in random order, with a random choice.
func (p post) compare(worker string, random *rand.Rand) tldrLine {
	pair := [2]tldrSummary{p.summary(pick(random, p.long), random), p.summary(pick(random, p.short), random)}
	if random.IntN(2) == 1 {
		pair[0], pair[1] = pair[1], pair[0]
	}
	return p.line(pair, random.IntN(2), worker, random)
}

func (p post) summary(text string, random *rand.Rand) tldrSummary {
	return tldrSummary{Text: text, Policy: pick(random, policies)}
}

func (p post) line(pair [2]tldrSummary, choice int, worker string, random *rand.Rand) tldrLine {
	return tldrLine{
		Info: p.info, Split: p.split, Summaries: pair, Choice: choice,
		Worker: worker, Batch: "made_up", Extra: tldrExtra{1 + random.IntN(9)},
	}
}

var policies = []string{"sup1", "sup4_6b"}

// markSplits sends whole posts to one side, so that no test prompt is trained on.
func markSplits(posts []post, random *rand.Rand) {
	train := int(trainPrompts * float64(len(posts)))
	if len(posts) > 1 {
		train = max(train, 1)
	}
	for i, at := range random.Perm(len(posts)) {
		posts[at].split = "valid1"
		if i < train {
			posts[at].split = "train"
		}
	}
}

func makePosts(n int, random *rand.Rand) ([]post, error) {
	posts := make([]post, 0, n)
	made := map[string]bool{}
	for tries := 0; len(posts) < n; tries++ {
		if tries > 100*n {
			return nil, fmt.Errorf("the templates do not give %d distinct posts (%d were found)", n, len(posts))
		}
		s := newStory(random)
		if text := s.post(random); !made[text] {
			made[text] = true
			posts = append(posts, s.told(fmt.Sprintf("p%05d", len(posts)+1), text, random))
		}
	}
	return posts, nil
}

// told makes a post of the story with its summaries, all distinct.
func (s story) told(id, text string, random *rand.Rand) post {
	p := post{info: tldrInfo{ID: id, Post: text, Title: s.title(random), Subreddit: pick(random, subreddits)}}
	for _, i := range random.Perm(len(longSummaries))[:summariesPerPost] {
		p.long = append(p.long, " "+s.fill(longSummaries[i]))
	}
	shorts := s.shortSummaries()
	for _, i := range random.Perm(len(shorts))[:summariesPerPost] {
		p.short = append(p.short, " "+shorts[i])
	}
	return p
}

// fill puts the slots of the story into a template.
func (s story) fill(template string) string {
	return strings.NewReplacer(
		"{who}", s.who, "{Who}", capital(s.who), "{did}", s.did, "{thing}", s.thing, "{place}", s.place, "{time}", s.time,
		"{feeling}", s.feeling, "{long}", s.long, "{ask}", s.question.ask, "{wonder}", s.question.wonder,
	).Replace(template)
}
