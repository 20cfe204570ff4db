package formats

// The reader of psoups: the comparisons of Personalized Soups (Jang et al. 2023, folder rm_training), six files, one for
// each preference profile, whose profiles are the users of P-RLHF's experiment (its Appendix D.1 and Table 7).
//
// What a profile prefers stands in the data's inputs and is taken out of them: it is an attribute of the user, for judges
// and for who is told on purpose, and no part of any text that is trained on.

import (
	"crypto/sha256"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
)

// Profile is a preference profile of P-SOUPS.
type Profile struct {
	Name       string // P1A ... P3B, as its file
	Dimension  string
	Preference string // "a response that ...": the data asks models to generate it, and judges to choose it
}

// Profiles are those of users 1 to 6, in the paper's order. The words are the data's; Table 7 has two commas more.
var Profiles = [6]Profile{
	{"P1A", "expertise", "a response that can be easily understood by an elementary school student."},
	{"P1B", "expertise", "a response that only a PhD Student in that specific field could understand."},
	{"P2A", "informativeness", "a response that is concise and to the point without being verbose."},
	{"P2B", "informativeness", "a response that is very informative without missing any background information."},
	{"P3A", "style", "a response that is friendly, witty, funny, and humorous, like a close friend."},
	{"P3B", "style", "a response in an unfriendly manner."},
}

// User is the id of the profile's user, 1 to 6.
func (p Profile) User() string {
	for i, other := range Profiles {
		if p.Name == other.Name {
			return strconv.Itoa(i + 1)
		}
	}
	return ""
}

// Prompt is the sentence that the data adds to its inputs.
func (p Profile) Prompt() string { return "Generate " + p.Preference }

// ReadPSOUPS yields the records of the six files in the folder source. An error, which is one of the disk and not of a
// row, ends it.
func ReadPSOUPS(source string) iter.Seq2[Record, error] { return readFiles("psoups", source, PSOUPS) }

// PSOUPS yields a record for every row of the file name, a JSON list or lines, whose first letters are its profile's name.
// Rows with equal completions and repeated ones are left out, as the authors leave them out.
func PSOUPS(name string, r io.Reader) iter.Seq2[Record, error] {
	profile := profileOf(name)
	met := map[[sha256.Size]byte]bool{}
	rows := items(name, r, hinted("psoups", func(record Record, fields object) Record {
		return psoupsRecord(record, fields, profile, met)
	}))
	return func(yield func(Record, error) bool) {
		n := 0
		for record, err := range rows {
			n++
			if !yield(record, err) {
				return
			}
		}
		if n == 0 {
			yield(Record{Row: Row{File: name, User: profile.User()}}.bad(NoComparison, "the file is empty: user %s has no comparison", profile.User()), nil)
		}
	}
}

func profileOf(file string) Profile {
	for _, p := range Profiles {
		if strings.HasPrefix(file, p.Name) {
			return p
		}
	}
	panic("formats: no profile has the file " + file) // Files gives no other
}

func psoupsRecord(record Record, fields object, profile Profile, met map[[sha256.Size]byte]bool) Record {
	var texts [3]string
	for i, name := range []string{"user_input", "completion_a", "completion_b"} {
		var problem problem
		if texts[i], problem = fields.text(name); problem.reason != "" {
			return record.bad(problem.reason, "%s", problem.detail)
		}
	}
	input := texts[0]
	record.Chosen, record.Rejected = texts[1], texts[2]
	record.User = profile.User()
	if other := otherProfile(input, profile); other != "" {
		return record.bad(OtherProfile, "user_input has the preference prompt of %s; that of %s expected", other, profile.Name)
	}
	record.Prompt = strings.TrimSpace(strings.ReplaceAll(input, profile.Prompt(), ""))
	if record.Chosen == record.Rejected {
		return record.as(LeftOut, EqualCompletions, "both completions are the same text")
	}
	key := sha256.Sum256(fmt.Appendf(nil, "%d %d %s%s%s", len(input), len(record.Chosen), input, record.Chosen, record.Rejected))
	if met[key] {
		return record.as(LeftOut, Duplicate, "the same row stands before")
	}
	met[key] = true
	if strings.TrimSpace(record.Chosen) == "" || strings.TrimSpace(record.Rejected) == "" {
		return record.as(LeftOut, EmptyCompletion, "a completion is empty")
	}
	return record
}

// otherProfile names the profile whose preference prompt stands in the text; "" where only that of own does, or none.
func otherProfile(text string, own Profile) string {
	for _, p := range Profiles {
		if p != own && strings.Contains(text, p.Prompt()) {
			return p.Name
		}
	}
	return ""
}
