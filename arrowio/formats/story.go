package formats

// The words and templates of made-up posts. The word lists are short, so that a byte-level vocabulary of 512 learns
// most of them as whole words.

import (
	"math/rand/v2"
	"strings"
)

// story is what a post is about: its slots.
type story struct {
	who, did, thing, place, time, feeling, long string
	question                                    question
}

// question ends a post; wonder is the same in a summary, and short says it in two words.
type question struct{ ask, wonder, short string }

var (
	subreddits = []string{"relationships", "family", "work", "dogs", "travel", "money", "school", "advice"}
	people     = []string{"my sister", "my boss", "my friend", "my brother", "my neighbor", "the landlord", "my mother", "our teacher"}
	deeds      = []string{"broke", "sold", "lost", "borrowed", "hid", "painted", "took", "forgot"}
	things     = []string{"the old car", "my blue bike", "the red guitar", "my new phone", "the house key", "my winter coat", "the big table", "our dog"}
	places     = []string{"at work", "at home", "at the gym", "in the park", "at school", "at the station", "in the kitchen", "at a party"}
	times      = []string{"last week", "yesterday", "on Monday", "last night", "two days ago", "this morning", "last month", "on Friday"}
	feelings   = []string{"sad", "angry", "tired", "worried", "hurt", "confused", "nervous", "jealous"}
	spans      = []string{"two years", "a month", "ten years", "a long time", "six weeks", "three days"}
	questions  = []question{
		{"What should I do now?", "what I should do now", "Need advice"},
		{"Am I wrong about this?", "if I am wrong", "Please judge"},
		{"How can I fix it?", "how I can fix it", "Help wanted"},
		{"Should I say something to them?", "if I should say something", "Speak up"},
	}
)

// A post has all slots that a summary names. Long summaries begin with who, short ones never do.
var (
	postTemplates = []string{
		"So {time} I was {place} and {who} {did} {thing}. We have known each other for {long}. Now I feel very {feeling} and I do not know how to talk about it. {ask}",
		"This is a bit hard to write. {Who} {did} {thing} {time} while we were {place}. It has been like this for {long} and it makes me {feeling}. {ask}",
		"I need some help here. I have been {feeling} for days, because {who} {did} {thing} {time} when I was {place}. We were fine for {long} before that. {ask}",
	}
	longSummaries = []string{
		"{Who} {did} {thing} {place} {time} and I am {feeling} and ask {wonder}.",
		"{Who} {did} {thing} {time} {place}, so I feel {feeling} and wonder {wonder}.",
		"{Who} and I were {place} {time} when they {did} {thing}, I wonder {wonder}.",
		"{Who} {did} {thing} {place}, I feel {feeling} and want to know {wonder}.",
	}
)

func newStory(random *rand.Rand) story {
	return story{
		who: pick(random, people), did: pick(random, deeds), thing: pick(random, things), place: pick(random, places),
		time: pick(random, times), feeling: pick(random, feelings), long: pick(random, spans), question: pick(random, questions),
	}
}

func (s story) post(random *rand.Rand) string { return s.fill(pick(random, postTemplates)) }

func (s story) title(random *rand.Rand) string {
	return s.fill(pick(random, []string{"{Who} {did} {thing}", "{feeling} about {thing}", "{who} and {thing} {time}", "what happened {place}"}))
}

// shortSummaries are one or two words long.
func (s story) shortSummaries() []string {
	return []string{s.question.short + ".", "Feeling " + s.feeling + ".", capital(s.feeling) + "."}
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }
