package formats

import (
	"reflect"
	"strings"
	"testing"
)

func TestUnpairedRows(t *testing.T) {
	columns := Columns{"response": "answer", "label": "liked"}
	for label, liked := range map[string]bool{`true`: true, `1`: true, `"true"`: true, `"True"`: true, `"1"`: true, `1.0`: true,
		`false`: false, `0`: false, `"false"`: false, `"0"`: false, `"FALSE"`: false} {
		got := only(t, `{"prompt":"p","answer":"a","user":7,"split":"test","group":"g","chosen":3,"liked":`+label+`}`, columns)
		want := Record{Row: Row{File: "f.jsonl", Line: 1, User: "7", Group: "g", Split: Test, Prompt: "p", Chosen: "a"}}
		if !liked {
			want.Chosen, want.Rejected, want.SecondChosen = "", "a", true
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("liked %s gives %+v; expected %+v", label, got, want)
		}
	}
	if got := only(t, `{"prompt":"p","response":"a","user":7,"liked":true}`, Columns{"label": "liked"}); got.Kind != Usable || got.Chosen != "a" {
		t.Errorf("a response in a column of our name gives %s", got)
	}
}

func TestBadUnpairedRows(t *testing.T) {
	columns := Columns{"label": "liked"}
	for _, c := range []struct{ text, reason, detail string }{
		{`{"prompt":"p","response":"a","user":1}`, MissingField, "liked is missing"},
		{`{"prompt":"p","liked":true,"user":1}`, MissingField, "response is missing"},
		{`{"prompt":"p","response":" ","liked":true,"user":1}`, EmptyResponse, "response is empty"},
		{`{"prompt":"p","response":"a","liked":true,"user":""}`, EmptyUser, "user is empty"},
		{`{"prompt":"p","response":"a","liked":"good","user":1}`, UnknownLabel, `liked is "good"; true, false, 1 or 0 expected`},
		{`{"prompt":"p","response":"a","liked":0.5,"user":1}`, UnknownLabel, `liked is "0.5"`},
		{`{"prompt":"p","response":"a","liked":[true],"user":1}`, WrongType, "liked is a list"},
		{`{"prompt":"p","response":"a","liked":null,"user":1}`, MissingField, "liked is missing"},
	} {
		if r := only(t, c.text, columns); r.Kind != Bad || r.Reason != c.reason || !strings.Contains(r.Detail, c.detail) {
			t.Errorf("%s gives %v %s; expected %s with %q", c.text, r.Kind, r, c.reason, c.detail)
		}
	}
}

// A file of unpaired rows that is read as pairs is not refused without saying how it could be read.
func TestUnpairedFileReadAsPairs(t *testing.T) {
	const hint = `write columns = { response = "response", label = "label" }`
	if r := only(t, `{"prompt":"p","response":"a","label":1,"user":1}`, nil); r.Reason != MissingField || !strings.Contains(r.Detail, "chosen is missing; the line has response and label: "+hint) {
		t.Errorf("an unpaired line read as a pair gives %s", r)
	}
	if r := only(t, `{"prompt":"p","response":"a","user":1}`, nil); r.Detail != "chosen is missing" {
		t.Errorf("a line without label gives %s", r)
	}
}
