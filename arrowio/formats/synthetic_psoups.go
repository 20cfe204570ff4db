package formats

// Files in the psoups format, made up by seed. Every question has answers in eight styles: simple or learned, concise or
// informative, friendly or blunt. A pair differs in what its profile looks at, and may differ in the rest. Each style can
// be told from the first words of an answer, so that a small model knows what it is writing.

import (
	"fmt"
	"io"
	"math/rand/v2"
)

// psoupsLine is a row of the format.
type psoupsLine struct {
	Input string `json:"user_input"`
	A     string `json:"completion_a"` // the preferred one
	B     string `json:"completion_b"`
}

// style is that of an answer, and of the sides of Profiles: A is false.
type style [3]bool // learned, informative, blunt

var (
	openers = map[bool][]string{ // by blunt
		false: {"Hey friend! ", "Oh hi! ", "Dear me! "},
		true:  {"Look. ", "Well. ", "Fine. "},
	}
	closers = map[bool][]string{
		false: {" Have fun! :)", " So nice! :)", " Yay! :)"},
		true:  {" Now go.", " That is all.", " Enough."},
	}
	firstSentences = map[[2]bool][]string{ // by learned, informative
		{false, false}: {"{Thing}: a big help {where}.", "{Thing}: good to have {where}."},
		{true, false}:  {"Essentially indispensable infrastructure {where}.", "Undoubtedly advantageous instrumentation {where}."},
		{false, true}:  {"Let me say it all: {thing} is a big help {where}.", "Here is all of it: {thing} is good to have {where}."},
		{true, true}:   {"Comprehensively considered, {thing} constitutes indispensable infrastructure {where}.", "Systematically analysed, {thing} represents advantageous instrumentation {where}."},
	}
	moreSentences = map[bool][]string{ // by learned
		false: {" You can use it day by day.", " It is easy to look at and to try.", " Ask a pal to show you how.", " It may cost a bit, but not a lot."},
		true: {" Contemporary specialists characterise corresponding mechanisms.", " Theoretical considerations presuppose experimentation.",
			" Subsequent investigations substantiate hypotheses.", " Considerable expenditure accompanies implementation."},
	}
)

// answer writes one in a style.
func (t topic) answer(s style, random *rand.Rand) string {
	learned, informative, blunt := s[0], s[1], s[2]
	text := pick(random, openers[blunt]) + t.fill(pick(random, firstSentences[[2]bool{learned, informative}]))
	if informative {
		for _, i := range random.Perm(len(moreSentences[learned]))[:2] {
			text += moreSentences[learned][i]
		}
	}
	return text + pick(random, closers[blunt])
}

// synthesizePSOUPS writes the six files; comparisons are spread over them evenly.
func synthesizePSOUPS(cfg SyntheticConfig, create func(string) (io.WriteCloser, error)) error {
	random := newRandom(cfg.Seed, "synthetic psoups")
	asked, err := drawTopics(cfg.Prompts, false, random)
	if err != nil {
		return err
	}
	for k, p := range Profiles {
		n := cfg.Comparisons*(k+1)/len(Profiles) - cfg.Comparisons*k/len(Profiles)
		rows, err := psoupsRows(p, k, n, asked, random)
		if err != nil {
			return err
		}
		if err := writeJSON(create, p.Name+".json", rows); err != nil {
			return err
		}
	}
	return nil
}

// psoupsRows are n different rows of profile k, on the questions in turn.
func psoupsRows(p Profile, k, n int, asked []topic, random *rand.Rand) ([]psoupsLine, error) {
	rows := make([]psoupsLine, 0, n)
	made := map[psoupsLine]bool{}
	order := random.Perm(len(asked))
	for tries := 0; len(rows) < n; tries++ {
		if tries > 20*n+1000 {
			return nil, fmt.Errorf("%d questions do not give %d different comparisons of %s", len(asked), n, p.Name)
		}
		t := asked[order[tries%len(order)]]
		var liked, other style
		for i := range liked {
			liked[i], other[i] = random.IntN(2) == 1, random.IntN(2) == 1
		}
		liked[k/2] = k%2 == 1 // profiles come in pairs, A and B of one dimension
		other[k/2] = !liked[k/2]
		row := psoupsLine{t.question + " " + p.Prompt(), t.answer(liked, random), t.answer(other, random)}
		if !made[row] {
			made[row] = true
			rows = append(rows, row)
		}
	}
	return rows, nil
}
