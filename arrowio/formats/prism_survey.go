package formats

// The survey of PRISM: what its users say about themselves.
//
// The authors of P-RLHF take the three aspects of order_stated_prefs that have the numbers 1 to 3 for what a user prefers
// most, and so do we (stated_preferences). By PRISM's codebook these numbers are the random order in which the sliders
// were shown, and how far a user agrees with each is in stated_prefs; whoever wants that can ask for it by name.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"
)

// demographics are the survey's fields of a user's text, and what the authors call them there.
var demographics = [][2]string{{"age", "age"}, {"gender", "gender"}, {"education", "education"}, {"employment_status", "employment"},
	{"marital_status", "marital"}, {"english_proficiency", "english_proficiency"}}

// surveyed is a line of survey.jsonl: a person who took part, or a record that says why not.
type surveyed struct {
	Record
	person Person
}

// survey yields the lines of survey.jsonl.
func survey(source string) iter.Seq2[surveyed, error] {
	met := map[string]bool{}
	return readPart("prism", source, surveyPart, func(name string, r io.Reader) iter.Seq2[surveyed, error] {
		return func(yield func(surveyed, error) bool) {
			var p Person
			for record, err := range items(name, r, hinted("prism (survey.jsonl)", func(record Record, fields object) Record {
				p, record = surveyLine(record, fields, met)
				return record
			})) {
				if !yield(surveyed{record, p}, err) || err != nil {
					return
				}
			}
		}
	})
}

func surveyLine(record Record, fields object, met map[string]bool) (Person, Record) {
	var p problem
	if record.User, p = fields.scalar("user_id"); p.reason != "" {
		return Person{}, record.bad(p.reason, "%s", p.detail)
	}
	switch {
	case record.User == "":
		return Person{}, record.bad(EmptyUser, "user_id is empty; an id expected")
	case met[record.User]:
		return Person{}, record.bad(DuplicateID, "its user_id stands before")
	}
	met[record.User] = true
	completed, p := fields.scalar("num_completed_conversations")
	if p.reason != "" {
		return Person{}, record.bad(p.reason, "%s", p.detail)
	}
	if completed == "0" {
		return Person{}, record.as(LeftOut, NoConversation, "the user completed no conversation")
	}
	person, p := prismPerson(record.User, fields)
	if p.reason != "" {
		return Person{}, record.bad(p.reason, "%s", p.detail)
	}
	return person, record
}

// prismPerson makes the attributes and the text of a user.
func prismPerson(id string, fields object) (Person, problem) {
	preferences, p := firstThree(fields)
	if p.reason != "" {
		return Person{}, p
	}
	var details [][2]string
	for _, d := range demographics {
		value, p := fields.text(d[0])
		if p.reason != "" {
			return Person{}, p
		}
		details = append(details, [2]string{d[1], value})
	}
	description, p := fields.text("self_description")
	if p.reason != "" {
		return Person{}, p
	}
	attributes := map[string]any{}
	for name, value := range fields {
		flatten(attributes, name, value)
	}
	attributes["stated_preferences"], attributes["demographics"] = preferences, listed(details)
	text := UserText(preferences, append([][2]string{{"self_description", description}}, details...))
	return Person{ID: id, Text: text, Attributes: attributes}, problem{}
}

// UserText is the text about a user as the authors write it, between soft prompt and conversation.
func UserText(preferences []string, details [][2]string) string {
	return fmt.Sprintf("User textual information: preference: %s; %s\n", strings.Join(preferences, ", "), listed(details))
}

// listed is one line: "age: 18-24 years old; gender: Female; ", with the space at the end, as the authors have it.
func listed(details [][2]string) string {
	var b strings.Builder
	for _, d := range details {
		fmt.Fprintf(&b, "%s: %s; ", d[0], d[1])
	}
	return b.String()
}

// firstThree lists the aspects of order_stated_prefs with the numbers 1 to 3, in the order of the file.
func firstThree(fields object) ([]string, problem) {
	order, p := fields.object("order_stated_prefs")
	if p.reason != "" {
		return nil, p
	}
	names := []string{}
	for _, name := range keysInOrder(fields["order_stated_prefs"]) {
		switch rank, _ := order.scalar(name); rank {
		case "1", "2", "3":
			names = append(names, name)
		}
	}
	return names, problem{}
}

// keysInOrder lists the keys of an object as they are written.
func keysInOrder(raw json.RawMessage) []string {
	var keys []string
	d := json.NewDecoder(bytes.NewReader(raw))
	d.Token() // the brace
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return keys // parseObject has read it
		}
		keys = append(keys, fmt.Sprint(key))
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return keys
		}
	}
	return keys
}

// flatten adds a field as text; fields of an object get its name and theirs, as PRISM's codebook calls them:
// location_birth_country. What is not there (null) is empty.
func flatten(into map[string]any, name string, raw json.RawMessage) {
	fields, p := object{name: raw}.object(name)
	if p.reason == "" {
		for key, value := range fields {
			flatten(into, name+"_"+key, value)
		}
		return
	}
	text, p := object{name: raw}.scalar(name)
	if p.reason != "" && !isNull(raw) {
		text = string(raw) // a list
	}
	into[name] = text
}

// prismPeople are the users who took part, in the order of the survey. Lines that cannot be used are ReadPRISM's to name.
func prismPeople(source string) ([]Person, error) {
	var all []Person
	for line, err := range survey(source) {
		if err != nil {
			return nil, err
		}
		if line.Record.Reason == "" {
			all = append(all, line.person)
		}
	}
	return all, nil
}
