package formats

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// surveyText is a line of survey.jsonl, with parts replaced. order_stated_prefs is not in the order of its numbers.
func surveyText(user string, replace ...string) string {
	return strings.NewReplacer(replace...).Replace(`{"user_id": "` + user + `", "survey_only": false, "num_completed_conversations": 2, "lm_frequency_use": NaN,` +
		` "self_description": "I say \"hi\"; NaN", "system_string": "Be kind.", "age": "25-34 years old", "gender": "Female", "employment_status": "Student",` +
		` "education": "Vocational", "marital_status": "Never been married", "english_proficiency": "Fluent",` +
		` "location": {"birth_country": "Peru", "birth_countryISO": null}, "stated_prefs": {"values": 54, "other_text": null},` +
		` "order_stated_prefs": {"values": 4, "fluency": 3, "diversity": 1, "safety": 2, "other": 9}}`)
}

// said is one utterance; chosen is "" for the user's.
func said(turn int, chosen, content string) string {
	if chosen == "" {
		return fmt.Sprintf(`{"turn": %d, "role": "user", "content": %q}`, turn, content)
	}
	return fmt.Sprintf(`{"turn": %d, "role": "model", "content": %q, "model_name": "m", "model_provider": "p", "score": 3, "if_chosen": %s, "within_turn_id": 0}`, turn, content, chosen)
}

func conversationText(id, user string, history ...string) string {
	return fmt.Sprintf(`{"conversation_id": %q, "user_id": %q, "conversation_type": "unguided", "opening_prompt": "x", "conversation_turns": 2,`+
		` "conversation_history": [%s], "performance_attributes": {"values": NaN}, "open_feedback": "feedback on %s"}`, id, user, strings.Join(history, ", "), id)
}

var twoTurns = []string{said(0, "", "Hello?"), said(0, "false", "Go away."), said(0, "true", "Hello!"), said(0, "false", "Hm."), said(1, "", "Why?"), said(1, "true", "So."), said(1, "false", "No.")}

func prismFolder(t *testing.T, survey, conversations []string) string {
	t.Helper()
	return writeFiles(t, map[string]string{"survey.jsonl": strings.Join(survey, "\n"), "conversations.jsonl": strings.Join(conversations, "\n")})
}

func readAll(t *testing.T, dir string, pairs Pairs) (usable []Row, other []Record) {
	t.Helper()
	for _, r := range collect(t, ReadPRISM(dir, pairs)) {
		if r.Kind == Usable {
			usable = append(usable, r.Row)
		} else {
			other = append(other, r)
		}
	}
	return usable, other
}

func TestPRISMRows(t *testing.T) {
	dir := prismFolder(t, []string{surveyText("user1")}, []string{conversationText("c7", "user1", twoTurns...)})
	first := Row{File: "conversations.jsonl", Line: 1, User: "user1", Conversation: "c7", Chosen: "Hello!", Rejected: "Go away.",
		Turns: []Turn{{"user", "Hello?"}}, Prompt: "user: Hello?\n"}
	second := first
	second.Rejected = "Hm."
	third := Row{File: "conversations.jsonl", Line: 1, User: "user1", Conversation: "c7", TurnNumber: 1, Chosen: "So.", Rejected: "No.",
		Turns:  []Turn{{"user", "Hello?"}, {"assistant", "Hello!"}, {"user", "Why?"}},
		Prompt: "user: Hello?\nassistant: Hello!\nuser: Why?\n"}
	got, other := readAll(t, dir, Pairs{All: true})
	if want := []Row{first, second, third}; !reflect.DeepEqual(got, want) || len(other) > 0 {
		t.Errorf("%+v %v, want %+v", got, other, want)
	}
	rejected := map[string]int{}
	for seed := range int64(40) {
		got, _ = readAll(t, dir, Pairs{Seed: seed})
		again, _ := readAll(t, dir, Pairs{Seed: seed})
		if len(got) != 2 || !reflect.DeepEqual(got[1], third) || !reflect.DeepEqual(got, again) {
			t.Fatalf("one pair per turn: %+v", got)
		}
		rejected[got[0].Rejected]++
	}
	if len(rejected) != 2 || rejected["Hm."] < 10 || rejected["Go away."] < 10 {
		t.Errorf("40 seeds choose %v", rejected)
	}
}

func TestPRISMPeople(t *testing.T) {
	dir := prismFolder(t, []string{surveyText("user0", `"num_completed_conversations": 2`, `"num_completed_conversations": 0`), surveyText("user1")},
		[]string{conversationText("c7", "user1", twoTurns...)})
	people, err := People("prism", dir)
	if err != nil || len(people) != 1 || people[0].ID != "user1" {
		t.Fatalf("%+v %v", people, err)
	}
	p := people[0]
	want := "User textual information: preference: fluency, diversity, safety; self_description: I say \"hi\"; NaN; age: 25-34 years old; gender: Female; " +
		"education: Vocational; employment: Student; marital: Never been married; english_proficiency: Fluent; \n"
	if p.Text != want {
		t.Errorf("%q, want %q", p.Text, want)
	}
	for name, want := range map[string]any{
		"stated_preferences": []string{"fluency", "diversity", "safety"}, "system_string": "Be kind.", "location_birth_country": "Peru",
		"location_birth_countryISO": "", "stated_prefs_values": "54", "stated_prefs_other_text": "", "survey_only": "false", "lm_frequency_use": "",
		"order_stated_prefs_other": "9",
		"demographics":             "age: 25-34 years old; gender: Female; education: Vocational; employment: Student; marital: Never been married; english_proficiency: Fluent; ",
	} {
		if !reflect.DeepEqual(p.Attributes[name], want) {
			t.Errorf("%s is %#v, want %#v", name, p.Attributes[name], want)
		}
	}
}

func TestPRISMPlay(t *testing.T) {
	dir := prismFolder(t, []string{surveyText("user1")}, []string{conversationText("c7", "user1", append(twoTurns, said(2, "", "And?"), said(2, "true", "Fine."))...),
		conversationText("c8", "user9", twoTurns...)})
	var got []PlayTurn
	for p, err := range ReadPlay(dir) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, p)
	}
	const feedback = "feedback on c7"
	want := []PlayTurn{{"user1", "c7", 0, "Hello?", "Hello!", "Go away.", feedback}, {"user1", "c7", 1, "Why?", "So.", "No.", feedback}, {"user1", "c7", 2, "And?", "Fine.", "", feedback}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestPRISMBadInput names the file, the line, and what is wrong; what can be used is still read.
func TestPRISMBadInput(t *testing.T) {
	good := surveyText("user1")
	fine := conversationText("c1", "user1", twoTurns...)
	for name, c := range map[string]struct {
		survey, conversations []string
		want                  string // the first record that is not usable
		kind                  Kind
		usable                int
	}{
		"no conversation":    {[]string{good, surveyText("user2", `conversations": 2`, `conversations": 0`)}, []string{fine}, "survey.jsonl:2: no_conversation: the user", LeftOut, 2},
		"user twice":         {[]string{good, good}, []string{fine}, `survey.jsonl:2: duplicate_id: its user_id stands before`, Bad, 2},
		"no id":              {[]string{good, surveyText("", `"user_id"`, `"id"`)}, []string{fine}, "survey.jsonl:2: missing_field: user_id is missing", Bad, 2},
		"no age":             {[]string{good, surveyText("user2", `"age"`, `"Age"`)}, []string{fine}, "survey.jsonl:2: missing_field: age is missing", Bad, 2},
		"no order":           {[]string{good, surveyText("user2", `"order_stated_prefs"`, `"o"`)}, []string{fine}, "survey.jsonl:2: missing_field: order_stated_prefs is missing", Bad, 2},
		"conversation twice": {[]string{good}, []string{fine, fine}, `conversations.jsonl:2: duplicate_id: conversation_id "c1" stands before`, Bad, 2},
		"unknown user":       {[]string{good}, []string{conversationText("c2", "user7", twoTurns...), fine}, `conversations.jsonl:1: unknown_user: user_id is nobody of the survey`, Bad, 2},
		"nothing chosen":     {[]string{good}, []string{fine, conversationText("c2", "user1", said(0, "", "a"), said(0, "false", "b"))}, "conversations.jsonl:2: no_chosen: conversation c2 has no chosen reply in any of its turns", Bad, 2},
		"a turn without":     {[]string{good}, []string{conversationText("c2", "user1", said(0, "", "a"), said(0, "false", "b"), said(1, "", "c"), said(1, "true", "d"), said(1, "false", "e"))}, "conversations.jsonl:1: no_chosen: turn 0 has no chosen reply", LeftOut, 1},
		"one reply":          {[]string{good}, []string{conversationText("c2", "user1", said(0, "", "a"), said(0, "true", "b"), said(0, "false", " b"))}, "conversations.jsonl:1: no_rejected: turn 0 has no reply but the chosen one", LeftOut, 0},
		"empty reply":        {[]string{good}, []string{conversationText("c2", "user1", said(0, "", "a"), said(0, "true", "b"), said(0, "false", " "))}, "conversations.jsonl:1: empty_response: a rejected reply of turn 0 is empty", Bad, 0},
		"nobody asks":        {[]string{good}, []string{conversationText("c2", "user1", said(0, "true", "b"))}, "conversations.jsonl:1: missing_field: turn 0 has nothing that the user wrote", Bad, 0},
		"no history":         {[]string{good}, []string{conversationText("c2", "user1")}, "conversations.jsonl:1: missing_field: conversation_history is empty", Bad, 0},
		"unknown role":       {[]string{good}, []string{conversationText("c2", "user1", strings.Replace(twoTurns[0], `"user"`, `"bot"`, 1))}, `conversations.jsonl:1: wrong_type: conversation_history[0]: role is "bot"; user or model expected`, Bad, 0},
		"if_chosen":          {[]string{good}, []string{conversationText("c2", "user1", twoTurns[0], said(0, "3", "x"))}, `conversations.jsonl:1: wrong_type: conversation_history[1]: if_chosen is 3; true or false expected`, Bad, 0},
		"turn":               {[]string{good}, []string{conversationText("c2", "user1", said(-1, "", "x"))}, `conversations.jsonl:1: wrong_type: conversation_history[0]: turn is -1; a number from 0 expected`, Bad, 0},
		"silent user":        {[]string{good, surveyText("user2")}, []string{fine}, "survey.jsonl:2: no_comparison: the user completed conversations, as the survey says, and none is there", Bad, 2},
		"files exchanged":    {[]string{fine}, []string{good}, "survey.jsonl:1: missing_field: num_completed_conversations is missing; the row looks like one of format prism (conversations.jsonl)", Bad, 0},
		"a line cut":         {[]string{good}, []string{fine[:80], fine}, "conversations.jsonl:1: not_json: unexpected end of JSON input", Bad, 2},
		"not UTF-8":          {[]string{good}, []string{fine, strings.Replace(fine, "Hello", "Hell\xf6", 1)}, "conversations.jsonl:2: invalid_utf8: byte", Bad, 2},
	} {
		usable, other := readAll(t, prismFolder(t, c.survey, c.conversations), Pairs{})
		if len(other) == 0 || !strings.HasPrefix(other[0].String(), c.want) || other[0].Kind != c.kind || len(usable) != c.usable {
			t.Errorf("%s: %d usable, %v; want %d and %s", name, len(usable), other, c.usable, c.want)
		}
	}
}

// TestAssignConversations: whole conversations, int(share x n) of each user's, by seed and whatever the order of rows.
func TestAssignConversations(t *testing.T) {
	var users, conversations []string
	for u := range 30 {
		for c := range 1 + u%8 {
			for range 1 + c%3 {
				users = append(users, fmt.Sprint("u", u))
				conversations = append(conversations, fmt.Sprint("u", u, "c", c))
			}
		}
	}
	s := Split{Train: 0.7, Seed: 5}
	sides := s.AssignConversations(users, conversations)
	side := map[string]string{}
	train, all := map[string]int{}, map[string]int{}
	for i, c := range conversations {
		if side[c] == "" {
			side[c] = sides[i]
			all[users[i]]++
			if sides[i] == Train {
				train[users[i]]++
			}
		}
		if side[c] != sides[i] {
			t.Fatalf("conversation %s is on both sides", c)
		}
	}
	for u, n := range all {
		if want := int(0.7 * float64(n)); train[u] != want {
			t.Errorf("user %s: %d of %d conversations train, want %d", u, train[u], n, want)
		}
	}
	n := len(users)
	for i := range n / 2 { // the rows backwards
		users[i], users[n-1-i] = users[n-1-i], users[i]
		conversations[i], conversations[n-1-i] = conversations[n-1-i], conversations[i]
	}
	for i, got := range s.AssignConversations(users, conversations) {
		if got != side[conversations[i]] {
			t.Fatalf("the order of rows changes the side of %s", conversations[i])
		}
	}
	s.Seed++
	if reflect.DeepEqual(sides, s.AssignConversations(users, conversations)) {
		t.Error("another seed deals the same")
	}
}

func TestPythonsNumbers(t *testing.T) {
	for text, want := range map[string]string{
		`{"a": NaN, "b": -Infinity, "c": [Infinity]}`: `{"a": null, "b": null, "c": [null]}`,
		`{"NaN": "NaN \" NaN", "x\\": NaN}`:           `{"NaN": "NaN \" NaN", "x\\": null}`,
	} {
		if got := string(withoutNaN([]byte(text))); got != want {
			t.Errorf("%s gives %s, want %s", text, got, want)
		}
	}
	r := only(t, `{"prompt":"NaN","chosen":"c","rejected":"r","user":"u","more":NaN}`, nil)
	if r.Kind != Usable || r.Prompt != "NaN" {
		t.Errorf("%s", r)
	}
}
