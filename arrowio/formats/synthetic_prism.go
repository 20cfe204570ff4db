package formats

// Files in the prism format, made up by seed. Users like replies that show one of their three stated preferences, so that
// their text tells what an unseen user will choose; and whether a reply ends with a question, which their text does not
// tell and their choices do. What they like is Taste.

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
)

// maxTurns is the length of the longest made-up conversation.
const maxTurns = 4

// replies show an aspect each, from their first words on.
var replies = map[string]string{
	"values": "Think of what is right: {thing} should be fair to all {where}.", "creativity": "Like a dream: {thing} {where}, in soft blue light.",
	"fluency": "To put it well, {thing} has its place {where}.", "factuality": "In fact, 40 of 100 people have {thing} {where}.",
	"diversity": "Some say {thing} is good {where}, others say it is not.", "safety": "Take care with {thing} {where}, it can hurt.",
	"personalisation": "Just for you: {thing} {where}, as you like it.", "helpfulness": "Step by step: look for {thing}, then use it {where}.",
}

// endQuestion ends the replies that ask back.
const endQuestion = " Shall I go on?"

// prismUser is a made-up user.
type prismUser struct {
	id          string
	preferences []string // three, in the survey's order
	system      string
}

func newPRISMUser(id string, random *rand.Rand) prismUser {
	u := prismUser{id: id, system: pick(random, []string{wantsQuestion, wantsNone})}
	chosen := random.Perm(len(aspects))[:3]
	slices.Sort(chosen)
	for _, i := range chosen {
		u.preferences = append(u.preferences, aspects[i].name)
	}
	return u
}

func (u prismUser) likes(text string) float64 {
	score, _ := Taste(map[string]any{"stated_preferences": u.preferences, "system_string": u.system}, text)
	return score
}

// synthesizePRISM writes the survey and the conversations. A comparison is a turn, so that there are as many turns as
// comparisons are asked for.
func synthesizePRISM(cfg SyntheticConfig, create func(string) (io.WriteCloser, error)) error {
	if cfg.Comparisons < cfg.Users {
		return fmt.Errorf("each of %d users needs a comparison; asked for %d", cfg.Users, cfg.Comparisons)
	}
	random := newRandom(cfg.Seed, "synthetic prism")
	asked, err := drawTopics(cfg.Prompts, false, random)
	if err != nil {
		return err
	}
	var survey []surveyRow
	users := make([]prismUser, cfg.Users)
	lengths := conversationLengths(cfg, random)
	for i := range users {
		users[i] = newPRISMUser(fmt.Sprint("user", i), random)
		survey = append(survey, users[i].surveyRow((len(lengths)+cfg.Users-1-i)/cfg.Users, random))
	}
	for i := range 1 + cfg.Users/15 { // who took the survey and left
		survey = append(survey, newPRISMUser(fmt.Sprint("user", cfg.Users+i), random).surveyRow(0, random))
	}
	conversations := make([]conversationRow, len(lengths))
	for i, n := range lengths {
		conversations[i] = users[i%cfg.Users].talk(fmt.Sprint("c", i), n, asked, random)
	}
	if err := writeLines(create, surveyPart+".jsonl", survey); err != nil {
		return err
	}
	return writeLines(create, conversationsPart+".jsonl", conversations)
}

// conversationLengths are numbers of turns, of which there are cfg.Comparisons in all: at least one conversation for each
// user, of two and a half turns on average where that fits.
func conversationLengths(cfg SyntheticConfig, random *rand.Rand) []int {
	lengths := make([]int, min(max(cfg.Comparisons*2/5, cfg.Users, 1), cfg.Comparisons))
	for i := range lengths {
		lengths[i] = 1
	}
	for rest := cfg.Comparisons - len(lengths); rest > 0; {
		if i := random.IntN(len(lengths)); lengths[i] < maxTurns {
			lengths[i]++
			rest--
		}
	}
	return lengths
}

// talk makes a conversation of n turns.
func (u prismUser) talk(id string, n int, asked []topic, random *rand.Rand) conversationRow {
	t := pick(random, asked)
	c := conversationRow{ID: id, User: u.id, Type: pick(random, []string{"unguided", "values guided", "controversy guided"}), Opening: t.question, Turns: n,
		Performance: map[string]int{u.preferences[0]: 60 + random.IntN(41)}, Choice: map[string]int{u.preferences[0]: 60 + random.IntN(41)},
		Feedback: fmt.Sprintf("I chose what had to do with %s. %s", u.preferences[0], u.system), Balanced: true,
		Date: "2023-12-01 12:00:00", Seconds: 300, Minutes: 5}
	for turn := range n {
		if turn > 0 {
			t.thing = pick(random, topics)
			t.question = "And " + t.thing + "?"
		}
		c.History = append(c.History, utterance{Turn: turn, Role: "user", Content: t.question})
		c.History = append(c.History, u.choose(turn, t.replies(u, turn, random), random)...)
	}
	return c
}

// replies are two, or in the first turn two or three: of different aspects, one of which the user likes and no other, or
// two of one aspect that differ in their end.
func (t topic) replies(u prismUser, turn int, random *rand.Rand) []string {
	if random.IntN(5) < 2 {
		text := t.fill(replies[pick(random, aspects).name])
		return []string{text, text + endQuestion}
	}
	count := 2
	if turn == 0 {
		count += random.IntN(2)
	}
	names := []string{pick(random, u.preferences)}
	for _, i := range random.Perm(len(aspects)) {
		if len(names) < count && !slices.Contains(u.preferences, aspects[i].name) {
			names = append(names, aspects[i].name)
		}
	}
	var texts []string
	for _, name := range names {
		texts = append(texts, t.fill(replies[name])+pick(random, []string{"", endQuestion}))
	}
	return texts
}

// choose marks the reply that the user likes best; all are in random order.
func (u prismUser) choose(turn int, texts []string, random *rand.Rand) []utterance {
	random.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
	best := 0
	for i, text := range texts {
		if u.likes(text) > u.likes(texts[best]) {
			best = i
		}
	}
	var all []utterance
	for i, text := range texts {
		chosen, id, score := i == best, i, 1+random.IntN(60)
		if chosen {
			score += 40
		}
		all = append(all, utterance{Turn: turn, Role: "model", Content: text, Provider: "made_up", Model: fmt.Sprint("model-", 1+random.IntN(9)), Score: &score, Chosen: &chosen, Within: &id})
	}
	return all
}
