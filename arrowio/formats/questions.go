package formats

// Made-up questions, which made-up P-SOUPS and PRISM ask, and made-up prompts. Prompts are never among the questions of
// the others: what is asked to judge a policy was not trained on.

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

var (
	questionTemplates = []string{"Tell me about {thing} {where}.", "What do you know of {thing} {where}?", "Why do people need {thing} {where}?",
		"How do I use {thing} {where}?", "What is good about {thing} {where}?", "Can you explain {thing} {where}?",
		"Is it easy to find {thing} {where}?", "Who would like {thing} {where}?"}
	topics = []string{"a lamp", "a boat", "a map", "the sun", "a clock", "a river", "a garden", "a bridge", "a kite", "a drum", "a mirror", "a train",
		"a stove", "a ladder", "a coat", "a wheel"}
	settings = []string{"at home", "at school", "in the city", "in winter", "on a farm", "by the sea", "in the woods", "at night"}
)

// topic is what a question is about.
type topic struct {
	question     string
	thing, where string
}

// heldOut is the share of questions, one in so many, that are made-up prompts.
const heldOut = 5

// drawTopics draws n distinct topics: prompts, or those of comparisons.
func drawTopics(n int, prompts bool, random *rand.Rand) ([]topic, error) {
	var all []topic
	for i, template := range questionTemplates {
		for j, thing := range topics {
			for k, where := range settings {
				if (i+3*j+k)%heldOut == 0 == prompts {
					all = append(all, topic{"", thing, where}.asked(template))
				}
			}
		}
	}
	if n > len(all) {
		return nil, fmt.Errorf("the templates give %d distinct questions; %d are asked for", len(all), n)
	}
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:n], nil
}

func (t topic) asked(template string) topic {
	t.question = t.fill(template)
	return t
}

func (t topic) fill(template string) string {
	return strings.NewReplacer("{thing}", t.thing, "{Thing}", capital(t.thing), "{where}", t.where).Replace(template)
}
